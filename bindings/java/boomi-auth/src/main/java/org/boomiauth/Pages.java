package org.boomiauth;

import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * The pages of a query, as Boomi sends them: {@code for (Response page : client.pages(request))}. Each is a call of its
 * own, with the client's timeout. A failed page is an exception, and the next {@link Iterator#next()} requests it
 * again.
 *
 * <p>Not thread-safe. It can be iterated once.
 */
public final class Pages implements Iterable<Response>, AutoCloseable {
    private final Handle handle;
    private final BoomiClient client;
    private final Call call;

    Pages(BoomiClient client, Call call, FieldReader fields) {
        this.client = client;
        this.call = call;
        handle = new Handle(this, fields.longNumber());
    }

    @Override
    public Iterator<Response> iterator() {
        return new Iterator<Response>() {
            private Response next;
            private boolean ended;

            @Override
            public boolean hasNext() {
                if (next == null && !ended) {
                    next = nextPage();
                    ended = next == null;
                }
                return next != null;
            }

            @Override
            public Response next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("that was the last page");
                }
                Response page = next;
                next = null;
                return page;
            }
        };
    }

    /** Null after the last. */
    private Response nextPage() {
        FieldReader result = Native.call(this, Operation.NEXT_PAGE, handle, Call.limits(new Fields(), call));
        return result.flag() ? new Response(client, call, result) : null;
    }

    @Override
    public void close() {
        handle.close();
    }

    @Override
    public String toString() {
        return "Pages[of " + client + "]";
    }
}
