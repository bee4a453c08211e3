/**
 * Signs in to Boomi and stays signed in: start with {@link org.boomiauth.BoomiClient}.
 *
 * <p>{@link org.boomiauth.NativeSupport} says whether the native library can be used here, and how.
 */
package org.boomiauth;
