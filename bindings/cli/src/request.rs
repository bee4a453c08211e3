//! Sends one request, and writes its response.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use boomi_auth::{AuthScheme, Client, HeaderOptions, Request, Response};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::args::RequestArgs;
use crate::failure::{Failure, REJECTED, RESPONSE, Result, check_interrupt};
use crate::output::Sink;
use crate::settings::{self, Settings};

/// A body is passed on in pieces of this size.
const PIECE: usize = 128 * 1024;
/// A shorter download needs no progress bar.
const LONG: u64 = 1024 * 1024;

/// `boomi-auth request`.
pub(crate) fn send(settings: &mut Settings, args: RequestArgs) -> Result<()> {
    let mut request = Request::new(&args.method, &args.path)?;
    if args.jwt {
        request.set_auth(AuthScheme::Jwt);
    }
    for header in &args.headers {
        add_header(&mut request, header)?;
    }
    if let Some(path) = &args.data {
        request.set_body(read_input(path)?);
    }
    let client = settings.client()?;
    let to = Wanted { include: args.include, output: args.output.as_deref() };
    if args.all_pages {
        return all_pages(&client, request, to);
    }
    // Before the request is sent: without a destination its response would be lost.
    let sink = to.sink()?;
    // Whether a GraphQL response is an error stands in its body.
    let is_graphql = args.path.split('?').next().is_some_and(|path| path.ends_with("/graphql"));
    let response = if is_graphql { client.send(&request, None) } else { client.open(&request, None) };
    deliver(response?, to, sink)
}

/// `boomi-auth graphql`: a query as people write it, or the object that is sent.
pub(crate) fn graphql(settings: &mut Settings, path: &Path) -> Result<()> {
    let text = String::from_utf8(read_input(path)?).map_err(|_| Failure::usage("the query is not UTF-8 text"))?;
    let is_object = serde_json::from_str::<Value>(&text).is_ok_and(|value| value.get("query").is_some());
    let mut request = Request::new("POST", "/graphql")?;
    request.set_body(if is_object { text } else { json!({ "query": text }).to_string() });
    let client = settings.client()?;
    deliver(client.send(&request, None)?, Wanted { include: false, output: None }, Sink::stdout()?)
}

/// The parts of a response to write, and their destination.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    include: bool,
    output: Option<&'a Path>,
}

impl Wanted<'_> {
    fn sink(&self) -> Result<Sink> {
        self.output.map_or_else(Sink::stdout, Sink::file)
    }

    /// The status and headers of a response, if they are to be written.
    fn head_of(&self, response: &Response) -> String {
        if !self.include {
            return String::new();
        }
        let headers: String = response.headers().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("HTTP/1.1 {}\r\n{headers}\r\n", response.status())
    }
}

/// Each page as Boomi sends it, one behind the other: tools such as jq read that.
fn all_pages(client: &Client, request: Request, to: Wanted<'_>) -> Result<()> {
    let mut sink = to.sink()?;
    let mut pages = client.pages(request)?;
    loop {
        let page = pages.next_page(None);
        // A page that comes at once does not ask.
        check_interrupt()?;
        match page {
            Ok(None) => return sink.finish(),
            Ok(Some(page)) => {
                sink.write(to.head_of(&page).as_bytes())?;
                sink.write(page.body())?;
                sink.write(b"\n")?;
            }
            Err(error) => match pages.refused() {
                Some(response) if response.error().is_some() => return deliver(response, to, sink),
                _ => return Err(error.into()),
            },
        }
    }
}

/// Writes a response; an error response goes to standard output, and its message to standard error.
fn deliver(response: Response, to: Wanted<'_>, sink: Sink) -> Result<()> {
    let Some(error) = response.error() else { return copy(response, to, sink) };
    copy(response, to, Sink::stdout()?)?;
    let failure = Failure::from(error);
    // Rejected credentials have a status of their own.
    let status = if failure.status == REJECTED { REJECTED } else { RESPONSE };
    Err(Failure { status, ..failure })
}

fn copy(mut response: Response, to: Wanted<'_>, mut sink: Sink) -> Result<()> {
    sink.write(to.head_of(&response).as_bytes())?;
    let progress = progress_of(&response, &sink);
    let mut piece = vec![0; PIECE];
    loop {
        let length = response.read(&mut piece)?;
        if length == 0 {
            break;
        }
        check_interrupt()?;
        sink.write(&piece[..length])?;
        progress.inc(length as u64);
    }
    progress.finish_and_clear();
    sink.end_line()?;
    sink.finish()
}

/// On standard error, if that is a terminal and the body goes elsewhere.
fn progress_of(response: &Response, sink: &Sink) -> ProgressBar {
    let length = response.header("content-length").and_then(|length| length.parse::<u64>().ok());
    if sink.is_terminal() || length.is_some_and(|length| length < LONG) || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let style = match length {
        Some(_) => "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{bytes} {bytes_per_sec}",
    };
    bar.with_style(ProgressStyle::with_template(style).expect("a template of ours"))
}

/// 'Name: value', or @FILE with such lines, whose values go in no text and to no other host.
fn add_header(request: &mut Request, given: &str) -> Result<()> {
    let Some(path) = given.strip_prefix('@') else { return set_header(request, given, false) };
    let text = String::from_utf8(read_input(Path::new(path))?);
    let text = text.map_err(|_| Failure::usage(format!("the headers in {path} are not UTF-8 text")))?;
    text.lines().filter(|line| !line.trim().is_empty()).try_for_each(|line| set_header(request, line, true))
}

fn set_header(request: &mut Request, line: &str, secret: bool) -> Result<()> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| Failure::usage("a header is written as 'Name: value', or @FILE with such lines"))?;
    Ok(request.set_header(name.trim(), value.trim(), HeaderOptions { secret, add: false })?)
}

fn read_input(path: &Path) -> Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        let read = settings::stdin()?.read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|error| Failure::usage(format!("cannot read standard input: {error}")));
    }
    std::fs::read(path).map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
}
