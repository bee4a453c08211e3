//! The command, started as a test in any language would start it.
#![allow(dead_code, reason = "no test file needs all of it")]

use crate::common::Client;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running command; it ends with the test.
pub struct Running {
    pub child: Child,
    pub out: BufReader<ChildStdout>,
    pub ready: Value,
    pub boomi: Client,
    pub control: Client,
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boomi-emulator"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn run(arguments: &[&str]) -> Running {
    let mut child = command(arguments).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let ca = std::fs::read_to_string(ready["ca_pem_path"].as_str().unwrap()).unwrap();
    let boomi = Client::new(ready["base_url"].as_str().unwrap(), &ca);
    let control = Client::new(ready["control_url"].as_str().unwrap(), &ca);
    Running { child, out, ready, boomi, control }
}

impl Running {
    pub fn tell(&self, path: &str, body: Value) -> u16 {
        self.control.post(path, &[], &body.to_string()).status
    }

    pub fn ask<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        serde_json::from_str(&self.control.get(path, &[]).body).unwrap()
    }

    pub fn record(&self, authorization: &str) -> u16 {
        let path = "/api/rest/v1/account123/Deployment/documentId-321";
        self.boomi.get(path, &[("Authorization", authorization)]).status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
