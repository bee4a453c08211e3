/** For tests of programs that talk to Boomi: a Boomi on loopback, so that a suite needs no account. */
package org.boomiauth.junit5;
