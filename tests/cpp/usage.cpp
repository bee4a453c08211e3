// The program people hope to write, as it stands in the documentation; all it needs comes from the environment.
#include <boomi_auth.hpp>
#include <iostream>

int main() {
auto client = boomi::Client::from_env();
std::cout << client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").check().body();
}
