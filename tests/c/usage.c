/* The program people hope to write, as it stands in the documentation; all it needs comes from the environment. */
#include <boomi_auth.h>
#include <stdio.h>

int main(void) {
boomi_client *client = NULL; boomi_request *request = NULL; boomi_response *response = NULL; boomi_error *error = NULL;
if (!boomi_client_from_env(&client, &error) &&
    !boomi_request_new("GET", "/api/rest/v1/{accountId}/AuditLog/documentId-321", &request, &error) &&
    !boomi_client_send(client, request, NULL, &response, &error) &&
    !boomi_response_check(response, &error))
  puts((const char *)boomi_response_body(response, NULL));
if (error) fprintf(stderr, "%s\n", boomi_error_message(error));
boomi_error_free(error); boomi_response_free(response); boomi_request_free(request); boomi_client_free(client);
}
