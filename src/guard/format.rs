//! How what the guard keeps is written as JSON, and read again: a struct is an object with the same fields.
//!
//! What serde derives for the same few types makes the library 40 KB larger, and its errors quote the file.

use serde_json::{Map, Value};

/// The name of a field, which may stand in an error. What is in a field may not.
pub(crate) type Name = &'static str;

pub(crate) trait Json: Sized {
    fn to_json(&self) -> Value;

    /// Reads a field, which is `None` if it is missing. The error is the first one that is not as it should be: this, or one
    /// inside.
    fn from_json(value: Option<&Value>, name: Name) -> Result<Self, Name>;
}

/// Says which fields of a struct are written: all. Those of a file that are not named are passed over.
macro_rules! object {
    ($type:ident { $($field:ident),+ }) => {
        impl $crate::guard::format::Json for $type {
            fn to_json(&self) -> serde_json::Value {
                $crate::guard::format::object_of(vec![$((stringify!($field), self.$field.to_json())),+])
            }

            fn from_json(
                value: Option<&serde_json::Value>,
                name: $crate::guard::format::Name,
            ) -> Result<Self, $crate::guard::format::Name> {
                let object = value.and_then(serde_json::Value::as_object).ok_or(name)?;
                Ok($type { $($field: Json::from_json(object.get(stringify!($field)), stringify!($field))?),+ })
            }
        }
    };
}
pub(crate) use object;

pub(crate) fn object_of(fields: Vec<(Name, Value)>) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

macro_rules! number {
    ($($type:ty),+) => {$(
        impl Json for $type {
            fn to_json(&self) -> Value {
                (*self).into()
            }

            fn from_json(value: Option<&Value>, name: Name) -> Result<Self, Name> {
                value.and_then(Value::as_u64).and_then(|number| number.try_into().ok()).ok_or(name)
            }
        }
    )+};
}
number!(u32, u64, usize);

impl Json for bool {
    fn to_json(&self) -> Value {
        (*self).into()
    }

    fn from_json(value: Option<&Value>, name: Name) -> Result<Self, Name> {
        value.and_then(Value::as_bool).ok_or(name)
    }
}

impl Json for String {
    fn to_json(&self) -> Value {
        self.as_str().into()
    }

    fn from_json(value: Option<&Value>, name: Name) -> Result<Self, Name> {
        value.and_then(Value::as_str).map(str::to_owned).ok_or(name)
    }
}

/// `null`, or missing.
impl<T: Json> Json for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_json)
    }

    fn from_json(value: Option<&Value>, name: Name) -> Result<Self, Name> {
        value.filter(|value| !value.is_null()).map(|value| T::from_json(Some(value), name)).transpose()
    }
}

impl<T: Json> Json for Vec<T> {
    fn to_json(&self) -> Value {
        self.iter().map(T::to_json).collect()
    }

    fn from_json(value: Option<&Value>, name: Name) -> Result<Self, Name> {
        let items = value.and_then(Value::as_array).ok_or(name)?;
        items.iter().map(|item| T::from_json(Some(item), name)).collect()
    }
}

impl<T: Json, const N: usize> Json for [T; N] {
    fn to_json(&self) -> Value {
        self.iter().map(T::to_json).collect()
    }

    fn from_json(value: Option<&Value>, name: Name) -> Result<Self, Name> {
        Vec::from_json(value, name)?.try_into().map_err(|_| name)
    }
}
