//! The records: one of each object, in every account.

use crate::shapes::escape_xml;
use crate::users;

/// The id of the one record of each object: the documentation's example.
pub const RECORD_ID: &str = "documentId-321";

/// One record. All its values are strings, and the first is the account it belongs to.
pub(crate) struct Record {
    object: &'static str,
    fields: Vec<(&'static str, String)>,
}

pub(crate) fn is_object(object: &str) -> bool {
    matches!(object, "AuditLog" | "Deployment")
}

pub(crate) fn find(account: &str, object: &str, id: &str) -> Option<Record> {
    if id != RECORD_ID {
        return None;
    }
    let owner = ("accountId", account.to_owned());
    match object {
        "AuditLog" => Some(Record {
            object: "AuditLog",
            fields: vec![
                owner,
                ("documentId", id.into()),
                ("userId", users::REGULAR.name.into()),
                ("type", "USER".into()),
                ("action", "LOGIN".into()),
                ("level", "INFO".into()),
                ("source", "API".into()),
                ("date", "2026-01-02T03:04:05Z".into()),
            ],
        }),
        "Deployment" => Some(Record {
            object: "Deployment",
            fields: vec![
                owner,
                ("id", id.into()),
                ("environmentId", "environment-1".into()),
                ("processId", "process-1".into()),
                ("version", "1".into()),
                ("message", "first & <last>".into()),
            ],
        }),
        _ => None,
    }
}

impl Record {
    pub(crate) fn json(&self) -> String {
        let mut object = serde_json::Map::new();
        object.insert("@type".into(), self.object.into());
        for (name, value) in &self.fields {
            object.insert((*name).into(), value.as_str().into());
        }
        serde_json::Value::from(object).to_string()
    }

    pub(crate) fn xml(&self) -> String {
        let attributes: String =
            self.fields.iter().map(|(name, value)| format!(" {name}=\"{}\"", escape_xml(value))).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
             <bns:{} xmlns:bns=\"http://api.platform.boomi.com/\"{attributes}/>",
            self.object
        )
    }
}
