//! The examples of a contract, run before its component serves: a call that fails, or an answer that breaks the contract,
//! refuses it.

use std::sync::Arc;

use http::{Method, Request, Uri};

use crate::config::SmokeTest;
use crate::error::{Error, ErrorKind};
use crate::examples::example_requests;
use crate::host::Inner;
use crate::load::Loaded;

impl Inner {
    /// Runs the examples that the plugin's settings want, one after the other, in an instance that serves nobody. What has no
    /// example is left out, and so is an example that its own contract refuses: it never reaches the plugin.
    ///
    /// # Errors
    ///
    /// The first that goes wrong, with what is wrong with it.
    pub(crate) async fn smoke_test(
        &self,
        name: &Arc<str>,
        loaded: Loaded,
        skipped: bool,
    ) -> Result<Loaded, Error> {
        let wanted = {
            let config = self.config.load();
            let own = config.plugins.get(&**name);
            own.map_or(SmokeTest::Off, |own| own.smoke_test)
        };
        if wanted == SmokeTest::Off || skipped {
            return Ok(loaded);
        }
        let safe = [Method::GET, Method::HEAD, Method::OPTIONS];
        let (code, prefix) = (loaded.code.clone(), loaded.terms.prefix.clone());
        let contract = &code.contract;
        let candidate = self.rehearsal(name, 0, &loaded.code, &loaded.terms)?;
        for (_, operation) in contract.routed() {
            if wanted == SmokeTest::Safe && !safe.contains(&operation.method) {
                continue;
            }
            let (method, path) = (&operation.method, &operation.path);
            let examples = example_requests(contract.document(), method, path);
            let examples = examples.unwrap_or_default();
            let several = examples.len() > 1;
            for (index, example) in examples.into_iter().enumerate() {
                let Some(example) = under(&prefix, example) else {
                    continue;
                };
                let asked = example.uri().to_string();
                let Some(fault) = self.rehearse(&candidate, example).await.fault else {
                    continue;
                };
                let which = match several {
                    true => format!("example {} of `{method} {path}`", index + 1),
                    false => format!("the example of `{method} {path}`"),
                };
                let message = format!(
                    "{which} fails (`{method} {asked}`): {}; to serve it all the same, use `switchback deploy --force`, \
                     or set `plugins.{name}.smoke_test`",
                    fault.cause
                );
                return Err(Error::new(ErrorKind::SmokeTest, message));
            }
        }
        Ok(loaded)
    }
}

/// The same request where the plugin's paths begin.
fn under<B>(prefix: &str, mut request: Request<B>) -> Option<Request<B>> {
    let uri = format!("{prefix}{}", request.uri()).parse::<Uri>().ok()?;
    *request.uri_mut() = uri;
    Some(request)
}
