package org.boomiauth.tests.scenarios;

import org.boomiauth.BoomiClient;

/** What a step does. */
interface Act {
    Came on(Stage stage, BoomiClient client);
}
