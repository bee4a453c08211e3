//! The command `boomi-emulator`: starts an emulator, says where it is, and ends when its standard input closes.

use boomi_emulator::{BadTls, Emulator, Options};
use std::io::{self, Write};
use std::process::ExitCode;

const USAGE: &str = "\
usage: boomi-emulator [--port N] [--http] [--scenario FILE]

A loopback Boomi for tests. When it is ready it prints one line of JSON:
  {\"base_url\", \"hub_url\", \"ca_pem_path\", \"control_url\", \"pid\",
   \"bad_tls\": {\"expired\", \"wrong_host\", \"self_signed\"}}
It ends when its standard input closes.

  --port N          listen on 127.0.0.1:N (default 0: a free port)
  --http            plain HTTP instead of TLS
  --scenario FILE   JSON with users, JWTs, scripted answers, latency and more to start with
  --help            show this
";

const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    let options = match arguments(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprint!("boomi-emulator: {why}\n\n{USAGE}");
            return ExitCode::from(BAD_USAGE);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("boomi-emulator: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The options, or nothing if help is wanted. The command line wins over the scenario, in any order.
fn arguments(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let (mut port, mut http, mut scenario) = (None, false, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--http" => http = true,
            "--port" => {
                let value = arguments.next().ok_or("--port needs a number")?;
                port = Some(value.parse().map_err(|_| format!("--port {value} is not a port"))?);
            }
            "--scenario" => scenario = Some(arguments.next().ok_or("--scenario needs a file")?),
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    let mut options = match scenario {
        None => Options::default(),
        Some(file) => {
            let json = std::fs::read_to_string(&file).map_err(|why| format!("{file}: {why}"))?;
            Options::from_json(&json).map_err(|why| format!("{file}: {why}"))?
        }
    };
    options.http |= http;
    options.port = port.unwrap_or(options.port);
    Ok(Some(options))
}

fn run(options: Options) -> io::Result<()> {
    let with_bad_tls = options.bad_tls;
    let emulator = Emulator::start_with(options)?;
    // Private to this user, and gone with this process.
    let mut ca = tempfile::Builder::new().prefix("boomi-emulator-").suffix(".pem").tempfile()?;
    ca.write_all(emulator.ca_pem().as_bytes())?;
    let bad_tls = with_bad_tls.then(|| {
        serde_json::json!({
            "expired": emulator.bad_tls(BadTls::Expired),
            "wrong_host": emulator.bad_tls(BadTls::WrongHost),
            "self_signed": emulator.bad_tls(BadTls::SelfSigned),
        })
    });
    let ready = serde_json::json!({
        "base_url": emulator.base_url(),
        "hub_url": emulator.hub_url(),
        "ca_pem_path": ca.path(),
        "control_url": emulator.control_url(),
        "pid": std::process::id(),
        "bad_tls": bad_tls,
    });
    let mut out = io::stdout();
    writeln!(out, "{ready}")?;
    out.flush()?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
