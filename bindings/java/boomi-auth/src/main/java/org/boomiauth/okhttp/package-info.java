/** For programs that send their requests with OkHttp. */
package org.boomiauth.okhttp;
