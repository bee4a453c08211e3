//! Credentials for a call: cached, or loaded from their source.

use std::sync::Arc;

use serde_json::json;

use crate::{
    client::context::CallContext, credentials::Loaded, error::Result, event::EventKind, rate_limit::RatePermit,
    single_flight::SingleFlight, sync::Signal, transport::progress::Phase,
};

/// Returns the credentials, and loads them if none are cached. Sends nothing.
pub(crate) fn load(context: &CallContext<'_>) -> Result<Arc<Loaded>> {
    load_for(context, None)
}

/// [`load`] for a request, whose rate permit is given back while another call loads.
///
/// If a load takes long or asks a person, one call loads, and concurrent calls get its result or its error.
pub(super) fn load_for(context: &CallContext<'_>, permit: Option<&RatePermit<'_>>) -> Result<Arc<Loaded>> {
    let (auth, deadline) = (&context.client.auth, context.deadline());
    let cache = auth.cache()?;
    let load = || cache.load(&|| deadline.check());
    let loads = cache.credentials().asks_others().then(|| auth.loads.get(SingleFlight::default));
    loop {
        let seen = loads.as_ref().map(|loads| loads.count());
        if let Some(current) = cache.current(deadline.clock().wall()) {
            return Ok(current);
        }
        let loaded = match loads.as_ref().zip(seen) {
            None => Some(load()?),
            Some((loads, seen)) => {
                let phase = deadline.progress.phase();
                deadline.progress.set_phase(Phase::Credentials);
                permit.into_iter().for_each(RatePermit::give_back);
                let wait =
                    |ended: &Signal| deadline.wait_for(ended, seen, deadline.clock().now() + deadline.remaining());
                let loaded = loads.run_or_wait(seen, wait, load)?;
                deadline.progress.set_phase(phase);
                permit.map_or(Ok(()), RatePermit::wait_again)?;
                loaded
            }
        };
        let Some((loaded, by_this_call)) = loaded else { continue };
        if by_this_call && cache.credentials().can_change() {
            context.client.emit(EventKind::CredentialsLoaded, || {
                json!({
                    "source": cache.credentials().source_name(),
                    "username": loaded.basic.username,
                    "after_rejection": loaded.after_rejection,
                })
            });
        }
        return Ok(loaded);
    }
}
