//! The rest of a call whose answer streams: the head is out, and the guest goes on by itself, on a task of its own.

use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use tokio::time::{Instant, sleep_until};

use crate::answer::{Body, BodyError};
use crate::event::Event;
use crate::fault::What;
use crate::limit::Limit;
use crate::pipe::Pipe;
use crate::record::Called;
use crate::revision::Revision;
use crate::runtime::{Answered, Asked, Begun, CallError, Interrupt, Meter, Running};
use crate::serve_error::ServeError;

type Guest = Running<Result<Answered, CallError>>;

/// Lets the guest go on, and hands out its answer: the head, and a body that yields what the guest writes.
///
/// The task is what enforces the limits, so that a client that reads nothing cannot hold them up. It ends with
/// the guest, and the guest ends when the body is dropped.
pub(crate) fn begin(
    revision: &Arc<Revision>,
    operation: usize,
    begun: Begun,
    guest: Guest,
) -> Response<Body> {
    let Begun {
        answer,
        pipe,
        asked,
    } = begun;
    let (head, source) = answer.into_parts();
    // Where no body goes with the head, nobody is there to read it: the guest is stopped, unless what it keeps in its
    // memory would be lost with it.
    if source.is_some() || revision.pool.keeps {
        let stream = Stream {
            revision: revision.clone(),
            operation,
            asked,
            meter: guest.meter().clone(),
            hit_before: guest.meter().hit(),
            began: Instant::now(),
            status: head.status,
            pipe: Ended(pipe),
        };
        tokio::spawn(stream.run(guest));
    }
    Response::from_parts(head, source.map_or_else(Body::default, Body::stream))
}

struct Stream {
    revision: Arc<Revision>,
    operation: usize,
    asked: Arc<Asked>,
    meter: Arc<Meter>,
    hit_before: Option<Limit>,
    began: Instant,
    status: StatusCode,
    pipe: Ended,
}

/// A pipe whose reader learns in any case that nothing more comes.
struct Ended(Arc<Pipe>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end(Err(BodyError::new(ServeError::Broken)));
    }
}

impl Stream {
    async fn run(self, guest: Guest) {
        let pipe = &*self.pipe.0;
        let broken = match self.revision.lanes.go_on(guest, self.interrupt()).await {
            Ok(Ok(_)) if pipe.is_left() => Some(ServeError::Left),
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(ServeError::from(error)),
            Err(interrupt) => Some(ServeError::from(interrupt)),
        };
        pipe.end(match &broken {
            Some(error) => Err(BodyError::new(error)),
            None => Ok(()),
        });
        self.tell(broken.as_ref());
    }

    /// What ends the guest before it is done.
    async fn interrupt(&self) -> Interrupt {
        let (limits, pipe) = (&self.revision.limits, &*self.pipe.0);
        let idle = Duration::from_millis(limits.stream_idle_ms);
        let stands_still = async {
            while pipe.moved() + idle > Instant::now() {
                sleep_until(pipe.moved() + idle).await;
            }
        };
        let late = self.began + Duration::from_millis(limits.stream_ms);
        tokio::select! {
            // A guest that keeps something in its memory learns it by `write`, and is not stopped.
            () = pipe.left(), if !self.revision.pool.keeps => Interrupt::Left,
            () = self.revision.cut.cancelled() => Interrupt::Cut,
            () = sleep_until(late) => Interrupt::Late(Limit::StreamTime),
            () = stands_still => Interrupt::Late(Limit::StreamIdle),
        }
    }

    fn tell(&self, broken: Option<&ServeError>) {
        let called = Called {
            revision: &self.revision,
            operation: self.operation,
            request_id: &self.asked.request_id,
            computed: self.meter.spent(),
        };
        let (bytes, lasted) = (self.pipe.0.written(), self.began.elapsed());
        called.streamed(bytes, lasted, broken);
        // One that was hit before the head was told of with the head.
        if let Some(limit) = self.meter.hit()
            && self.hit_before.is_none()
        {
            called.failed(&ServeError::Limit(limit), &self.revision.commons);
        }
        if let Some(error) = broken.filter(|_| !self.revision.rehearsal) {
            let commons = &self.revision.commons;
            called.failed(error, commons);
            let fault = What::of(error).and_then(|what| called.fault(&self.asked, what, None));
            if let Some(mut fault) = fault {
                fault.status = self.status.as_u16();
                commons.keep(fault);
            }
            commons.tell(Event::StreamBroken {
                plugin: self.revision.name.clone(),
                operation: self.revision.operation(self.operation).id.clone(),
                bytes,
                lasted,
                reason: error.to_string(),
            });
        }
    }
}
