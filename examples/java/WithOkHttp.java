import java.io.IOException;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;
import org.boomiauth.okhttp.BoomiInterceptor;

/** OkHttp sends a record's request with Basic and a query with a JWT; the interceptor signs them. */
public final class WithOkHttp {
    public static void main(String[] args) throws Exception {
        String boomi = System.getenv().getOrDefault("BOOMI_API_URL", BoomiAuth.BASE_URL_US);
        String record = "/api/rest/v1/" + System.getenv("BOOMI_ACCOUNT_ID") + "/AuditLog/documentId-321";
        Trusted trusted = new Trusted();
        OkHttpClient.Builder builder =
                new OkHttpClient.Builder().sslSocketFactory(trusted.context.getSocketFactory(), trusted.manager);
        try (BoomiClient client = BoomiClient.fromEnv()) {
            // A JWT that is refused is replaced, and the request sent once more.
            OkHttpClient http = BoomiInterceptor.install(builder, client).build();
            System.out.println(send(http, new Request.Builder().url(boomi + record)));
            String query = "{\"query\": \"{ organizations { id } }\"}";
            RequestBody body = RequestBody.create(query, MediaType.get("application/json"));
            System.out.println(send(http, new Request.Builder().url(boomi + "/graphql").post(body)));
        }
    }

    static String send(OkHttpClient http, Request.Builder request) throws IOException {
        try (Response answer = http.newCall(request.header("Accept", "application/json").build()).execute()) {
            String text = answer.body().string();
            if (!answer.isSuccessful()) {
                throw new IOException(answer + ": " + text);
            }
            return text;
        }
    }
}
