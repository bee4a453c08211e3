//! A config file for `curl -K`.

use crate::failure::Result;
use crate::guard;
use crate::output;
use crate::settings::Settings;

/// Prints it. Nothing of it is an argument of curl's, which others could see.
pub(crate) fn print(settings: &mut Settings, jwt: bool) -> Result<()> {
    let mut config = Config::default();
    let client = settings.client()?;
    if jwt {
        config.secret_header("Authorization: Bearer ", settings.jwt(&client)?.jwt());
    } else {
        guard::check(&client)?;
        let is_password = !client.auth_username()?.starts_with("BOOMI_TOKEN.");
        config.secret_header("Authorization: ", client.auth_header()?.expose());
        if is_password && settings.otp_secret()?.is_some() {
            config.secret_header("X-Boomi-OTP: ", client.one_time_code(None)?.expose());
        }
    }
    // curl would take these headers along to wherever a redirect leads.
    config.line("max-redirs", b"0");
    if let Some((path, _)) = settings.find("BOOMI_CA_FILE") {
        config.line("cacert", path.as_encoded_bytes());
        // Some builds of curl look into the system's directory too.
        config.line("capath", b"/dev/null");
    }
    match client.proxy() {
        None => config.line("noproxy", b"*"),
        Some((proxy, login)) => {
            let is_socks = proxy.starts_with("socks");
            config.line("proxy", proxy.as_bytes());
            config.line("noproxy", b"");
            if !is_socks {
                // As the library does: the proxy sees a host's name, and nothing of a request.
                config.flag("proxytunnel");
            }
            if let Some(login) = login {
                let (name, prefix) =
                    if is_socks { ("proxy-user", "") } else { ("proxy-header", "Proxy-Authorization: ") };
                let value = zeroize::Zeroizing::new(format!("{prefix}{}", login.expose()));
                config.line(name, value.as_bytes());
            }
        }
    }
    output::write(&[&config.0])
}

#[derive(Default)]
struct Config(zeroize::Zeroizing<Vec<u8>>);

impl Config {
    fn flag(&mut self, name: &str) {
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'\n');
    }

    fn secret_header(&mut self, name: &str, value: &str) {
        self.line("header", format!("{name}{value}").as_bytes());
    }

    /// In quotes a value ends at the next quote; curl knows five escapes there, and takes any other byte as it is.
    fn line(&mut self, name: &str, value: &[u8]) {
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b" = \"");
        for byte in value {
            match byte {
                b'"' => self.0.extend_from_slice(b"\\\""),
                b'\\' => self.0.extend_from_slice(b"\\\\"),
                b'\t' => self.0.extend_from_slice(b"\\t"),
                b'\n' => self.0.extend_from_slice(b"\\n"),
                b'\r' => self.0.extend_from_slice(b"\\r"),
                0x0b => self.0.extend_from_slice(b"\\v"),
                other => self.0.push(*other),
            }
        }
        self.0.extend_from_slice(b"\"\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_as_curl_reads_it() {
        let mut config = Config::default();
        config.line("cacert", b"a \"b\" \\ \t\n\r\x0b\xff#=");
        assert_eq!(&**config.0, b"cacert = \"a \\\"b\\\" \\\\ \\t\\n\\r\\v\xff#=\"\n");
    }
}
