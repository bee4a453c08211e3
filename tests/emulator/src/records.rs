//! The records: the same of each object in every account.

use crate::shapes::escape_xml;
use crate::users;
use serde_json::Value;

/// The id of a record that each object has: the documentation's example.
pub const RECORD_ID: &str = "documentId-321";

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";

/// The objects that there are.
const OBJECTS: [&str; 12] = [
    "Atom",
    "AtomCounters",
    "AuditLog",
    "Component",
    "Deployment",
    "Environment",
    "ExecutionRecord",
    "Folder",
    "ListQueues",
    "ListenerStatus",
    "Process",
    "ProcessSchedules",
];

/// One record. All its values are strings, and the first is the account it belongs to.
pub(crate) struct Record {
    object: &'static str,
    fields: Vec<(&'static str, String)>,
}

/// The object of that name.
pub(crate) fn object(name: &str) -> Option<&'static str> {
    OBJECTS.into_iter().find(|object| *object == name)
}

pub(crate) fn find(account: &str, name: &str, id: &str) -> Option<Record> {
    let object = object(name).filter(|_| id == RECORD_ID)?;
    Some(Record::new(object, account, id))
}

/// The `type` and the ids of a request that names many: JSON, or XML with the same attributes.
pub(crate) fn many(body: &str) -> Option<(String, Vec<String>)> {
    if body.trim_start().starts_with('<') {
        let kind = attributes(body, "type").into_iter().next()?;
        return Some((kind, attributes(body, "id")));
    }
    let request: Value = serde_json::from_str(body).ok()?;
    let ids = request["request"].as_array()?.iter().map(|item| item["id"].as_str().unwrap_or_default().to_owned());
    Some((request["type"].as_str()?.to_owned(), ids.collect()))
}

/// The `name` of something to be created: out of JSON, or XML with that attribute.
pub(crate) fn name_in(body: &str) -> Option<String> {
    match serde_json::from_str::<Value>(body) {
        Ok(body) => body["name"].as_str().map(str::to_owned),
        Err(_) => attributes(body, "name").into_iter().next(),
    }
}

/// The values of all attributes of that name: as much XML as the requests of tests need.
fn attributes(xml: &str, name: &str) -> Vec<String> {
    let before = format!(" {name}=\"");
    let values = xml.split(&before).skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
    let plain = values.map(|value| value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\""));
    plain.map(|value| value.replace("&amp;", "&")).collect()
}

impl Record {
    pub(crate) fn new(object: &'static str, account: &str, id: &str) -> Record {
        let mut fields = vec![("accountId", account.to_owned())];
        match object {
            "AuditLog" => fields.extend([
                ("documentId", id.into()),
                ("userId", users::REGULAR.name.into()),
                ("type", "USER".into()),
                ("action", "LOGIN".into()),
                ("level", "INFO".into()),
                ("source", "API".into()),
                ("date", "2026-01-02T03:04:05Z".into()),
            ]),
            "Deployment" => fields.extend([
                ("id", id.into()),
                ("environmentId", "environment-1".into()),
                ("processId", "process-1".into()),
                ("version", "1".into()),
                ("message", "first & <last>".into()),
            ]),
            "ExecutionRecord" => fields.extend([("executionId", id.into()), ("status", "COMPLETE".into())]),
            _ => fields.push(("id", id.into())),
        }
        Record { object, fields }
    }

    /// A row of a query: each has an `id`.
    pub(crate) fn row(account: &str, name: &str, number: u32) -> Record {
        let id = format!("row-{number}");
        let mut row = Record::new(object(name).unwrap_or_default(), account, &id);
        if row.fields.iter().all(|(name, _)| *name != "id") {
            row.fields.push(("id", id));
        }
        row
    }

    /// With one more value.
    pub(crate) fn with(mut self, name: &'static str, value: Option<String>) -> Record {
        self.fields.extend(value.map(|value| (name, value)));
        self
    }

    pub(crate) fn value(&self) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("@type".into(), self.object.into());
        for (name, value) in &self.fields {
            object.insert((*name).into(), value.as_str().into());
        }
        object.into()
    }

    pub(crate) fn json(&self) -> String {
        self.value().to_string()
    }

    pub(crate) fn xml(&self) -> String {
        format!("{XML}<bns:{} xmlns:bns=\"http://api.platform.boomi.com/\"{}/>", self.object, self.attributes())
    }

    /// An element inside another answer, which has declared the prefixes.
    pub(crate) fn element(&self, name: &str) -> String {
        format!("<bns:{name} xsi:type=\"bns:{}\"{}/>", self.object, self.attributes())
    }

    fn attributes(&self) -> String {
        self.fields.iter().map(|(name, value)| format!(" {name}=\"{}\"", escape_xml(value))).collect()
    }
}
