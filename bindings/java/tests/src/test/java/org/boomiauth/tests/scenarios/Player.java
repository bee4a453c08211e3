package org.boomiauth.tests.scenarios;

import org.boomiauth.BoomiAuthException;
import org.boomiauth.junit5.Emulator;

/** Plays a story on an emulator of its own. */
final class Player {
    private Player() {}

    /** Does all steps; an {@link AssertionError} tells which went wrong, what was expected and what came. */
    static void play(Scenario scenario, Emulator boomi) {
        try (Stage stage = new Stage(scenario.given, boomi)) {
            int number = 0;
            for (Scenario.Step step : scenario.steps) {
                number++;
                for (int time = 1; time <= step.repeat; time++) {
                    String problem = problemOf(step, stage);
                    if (problem != null) {
                        String where = scenario.file + ": step " + number + ", time " + time + ": ";
                        throw new AssertionError(where + problem + "\n    " + step.text);
                    }
                }
            }
            String problem = Judge.end(scenario, new ServerCounts(boomi, stage.user));
            if (problem != null) {
                throw new AssertionError(scenario.file + ": at the end: " + problem);
            }
        }
    }

    private static String problemOf(Scenario.Step step, Stage stage) {
        try {
            return Judge.step(step.expect, came(step, stage), stage);
        } catch (RuntimeException | AssertionError unexpected) {
            return "came " + unexpected;
        }
    }

    private static Came came(Scenario.Step step, Stage stage) {
        try {
            return step.act.on(stage, stage.client(step.client));
        } catch (BoomiAuthException failure) {
            return Came.of(failure);
        }
    }
}
