// Asks Boomi's platform from within one of its processes: each document that comes in is the filter of a query, and each page of the
// answer goes out as a document, with the properties of the one that asked.
//
// It is the script of a Data Process shape, "Custom Scripting" in Groovy 2.4. The jar is uploaded to the account's libraries, and put into
// a Custom Library for scripting that is deployed with the process, to a local runtime or molecule: Boomi's own clouds let no native code
// in. Who signs in stands in the environment of the runtime (BOOMI_USERNAME, BOOMI_API_TOKEN, BOOMI_ACCOUNT_ID), not in the script.
//
// dataContext is Boomi's. Elsewhere it is missing, and the script asks once and prints:
//     java -cp groovy-all-2.4.21.jar:boomi-auth-0.1.0.jar groovy.ui.GroovyMain process.groovy
import org.boomiauth.BoomiClient
import org.boomiauth.Request

def query(BoomiClient client, String filter, Closure withPage) {
    def request = Request.post('/api/rest/v1/{accountId}/Process/query', filter)
    for (page in client.pages(request)) {
        withPage(page.check())
    }
}

def documents = null
try {
    documents = dataContext
} catch (MissingPropertyException elsewhere) {
    println 'outside of a Boomi process'
}

def client = BoomiClient.fromEnv()
try {
    if (documents == null) {
        query(client, '{"QueryFilter":{}}') { page -> println page.text() }
    } else {
        for (int i = 0; i < documents.dataCount; i++) {
            def properties = documents.getProperties(i)
            query(client, documents.getStream(i).getText('UTF-8')) { page ->
                documents.storeStream(new ByteArrayInputStream(page.bytes()), properties)
            }
        }
    }
} finally {
    client.close()
}
