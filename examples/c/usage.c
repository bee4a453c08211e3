/* The shortest program: who and where come from the environment (BOOMI_ACCOUNT_ID, BOOMI_USERNAME, BOOMI_API_TOKEN). */
#include <stdio.h>

#include "boomi_auth.h"

int main(void) {
  boomi_client *client = NULL; boomi_request *request = NULL; boomi_response *response = NULL; boomi_error *error = NULL;
  int failed;
  if (!boomi_client_from_env(&client, &error) &&
      !boomi_request_new("GET", "/api/rest/v1/{accountId}/AuditLog/documentId-321", &request, &error) &&
      !boomi_client_send(client, request, NULL, &response, &error) &&
      !boomi_response_check(response, &error))
    puts((const char *)boomi_response_body(response, NULL));
  if (error) fprintf(stderr, "%s\n", boomi_error_message(error));
  failed = error != NULL;
  boomi_error_free(error); boomi_response_free(response); boomi_request_free(request); boomi_client_free(client);
  return failed;
}
