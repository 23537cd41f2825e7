//! A sandbox that is kept for many calls.

use crate::access::Access;
use crate::auth::Auth;
use crate::bindings::{ConnectorInfo, Operation, OperationSummary, Output};
use crate::call::Call;
use crate::component::Component;
use crate::egress::call::CallContext;
use crate::egress::client::HttpClient;
use crate::failure::{Failure, FailureKind};
use crate::host::Host;
use crate::instance::slot::Slot;
use crate::instance::state::CallSetup;
use crate::instance::{Answer, Instance};
use crate::limits::Limits;
use crate::limits::call_meter::{CallMeter, Used};
use crate::limits::permits::Permit;
use crate::oauth;
use crate::redaction::AuthFields;
use crate::sessions::{Session, Sessions};
use crate::sign_in::{self, SignIn};
use std::sync::{Arc, OnceLock};

/// What all sandboxes of a connector share.
pub(crate) struct Setup {
    pub(crate) host: Host,
    pub(crate) component: Component,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) environment: Vec<(String, String)>,
    /// [`None`] where the connector shares no sign-ins, or is not to.
    pub(crate) sessions: Option<Sessions>,
    /// Which fields of an auth are secret, once the connector was asked.
    pub(crate) auth_fields: OnceLock<Arc<AuthFields>>,
}

/// One instance of a connector with its own memory, kept for many calls. Created by
/// [`Connector::sandbox`](crate::Connector::sandbox).
///
/// It keeps what the connector keeps between calls, such as tokens. It can serve several users, one after the other:
/// each call connects only to what the policy allows for its own auth. You then trust the connector to keep the users
/// apart. A fresh sandbox for each call, as in [`Connector::invoke`](crate::Connector::invoke), does not need that
/// trust.
///
/// A failure that the connector reports leaves the sandbox usable. A crash, a limit, or a call that is dropped halfway
/// ends it: [`Sandbox::is_live`] is then false, and each call fails with
/// [`ExecutionFailure::Ended`](crate::ExecutionFailure::Ended).
pub struct Sandbox {
    setup: Arc<Setup>,
    slot: Slot,
    /// The permit of the call for which it was made.
    permit: Option<Permit>,
}

impl Setup {
    /// What a call works with. `streaming` is for calls whose responses are handed on piece by piece.
    fn call(&self, client: HttpClient, streaming: bool) -> CallSetup {
        Self::metered(client, CallMeter::new(&self.limits, streaming))
    }

    fn metered(client: HttpClient, meter: CallMeter) -> CallSetup {
        CallSetup { context: Arc::new(CallContext::new(Arc::new(meter))), client }
    }
}

impl Sandbox {
    /// Makes a sandbox.
    pub(crate) async fn start(setup: Arc<Setup>) -> Result<Self, Failure> {
        let call = setup.call(setup.access.without_auth(), false);
        let slot = Slot::start(&setup.host, &setup.component, &setup.environment, call).await?;
        Ok(Self { setup, slot, permit: None })
    }

    /// Makes a sandbox for one call, unless the host carries out as many as it may.
    pub(crate) async fn for_one_call(setup: Arc<Setup>) -> Result<Self, Failure> {
        let permit = setup.host.calls().take()?;
        let sandbox = Self::start(setup).await?;
        Ok(Self { permit: Some(permit), ..sandbox })
    }

    /// Whether the sandbox can be called. It cannot after a crash, a limit, or a call that was dropped halfway.
    pub fn is_live(&self) -> bool {
        self.slot.is_live()
    }

    /// As [`Connector::describe`](crate::Connector::describe).
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke).
    pub async fn describe(&mut self) -> Result<ConnectorInfo, Failure> {
        self.call("describe", Instance::describe).await
    }

    /// As [`Connector::auth_schema`](crate::Connector::auth_schema).
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke).
    pub async fn auth_schema(&mut self) -> Result<String, Failure> {
        self.call("auth-schema", Instance::auth_schema).await
    }

    /// As [`Connector::hosts`](crate::Connector::hosts).
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke).
    pub async fn hosts(&mut self, auth: &Auth) -> Result<Vec<String>, Failure> {
        let _permit = self.take_permit()?;
        let call = self.setup.call(self.setup.access.without_auth(), false);
        self.hide(&call, auth).await?;
        self.slot.call("hosts", &call, |instance| instance.hosts(auth.clone())).await
    }

    /// As [`Connector::list_operations`](crate::Connector::list_operations).
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke).
    pub async fn list_operations(&mut self) -> Result<Vec<OperationSummary>, Failure> {
        self.call("list-operations", Instance::list_operations).await
    }

    /// As [`Connector::describe_operation`](crate::Connector::describe_operation).
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke).
    pub async fn describe_operation(&mut self, name: &str) -> Result<Operation, Failure> {
        let name = name.to_owned();
        self.call("describe-operation", |instance| instance.describe_operation(name)).await
    }

    /// As [`Connector::check_auth`](crate::Connector::check_auth).
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke).
    pub async fn check_auth(&mut self, auth: &Auth) -> Result<String, Failure> {
        let _permit = self.take_permit()?;
        let call = self.call_with(auth, false).await?;
        self.signed_in(&call, (auth, SignIn::Anew), "check-auth", Instance::check_auth).await
    }

    /// As [`Connector::invoke`](crate::Connector::invoke).
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke).
    pub async fn invoke(&mut self, auth: &Auth, call: Call) -> Result<Output, Failure> {
        let _permit = self.take_permit()?;
        let setup = self.call_with(auth, false).await?;
        let call = call.into_wit();
        self.signed_in(&setup, (auth, SignIn::Shared), "invoke", |instance, auth| {
            instance.invoke(auth, Arc::clone(&call))
        })
        .await
    }

    /// Signs in anew.
    pub(crate) async fn sign_in(&mut self, auth: &Auth) -> Result<Session, Failure> {
        let _permit = self.take_permit()?;
        let call = self.call_with(auth, false).await?;
        sign_in::session(&mut self.slot, &call, auth.clone()).await
    }

    /// Sends a token request of OAuth to where calls with this auth may connect.
    pub(crate) async fn request_token(&mut self, auth: &Auth, url: &str, form: String) -> Result<String, Failure> {
        let _permit = self.take_permit()?;
        let call = self.call_with(auth, false).await?;
        oauth::request_token(&call, url, form).await
    }

    /// Has the remote service end the sessions that are kept for an auth. Those that it could not end are kept for the
    /// next time.
    pub(crate) async fn sign_out(&mut self, auth: &Auth) -> Result<(), Failure> {
        let _permit = self.take_permit()?;
        let setup = Arc::clone(&self.setup);
        let Some(entry) = setup.sessions.as_ref().and_then(|sessions| sessions.known(auth)) else {
            return Ok(());
        };
        let call = self.call_with(auth, false).await?;
        let mut outcome = Ok(());
        for session in entry.take_all() {
            call.context.secrets().hide_too(&session);
            let ended = self.slot.call("sign-out", &call, |instance| instance.sign_out(session.clone())).await;
            if let Err(failure) = ended {
                entry.put_back(session);
                outcome = outcome.and(Err(failure));
            }
        }
        outcome
    }

    /// The right to make a call.
    pub(crate) fn take_permit(&mut self) -> Result<Permit, Failure> {
        match self.permit.take() {
            Some(permit) => Ok(permit),
            None => Ok(self.setup.host.calls().take()?),
        }
    }

    /// Makes one call that needs no auth.
    async fn call<T>(
        &mut self,
        function: &'static str,
        run: impl for<'a> FnOnce(&'a mut Instance) -> Answer<'a, T>,
    ) -> Result<T, Failure> {
        let _permit = self.take_permit()?;
        let call = self.setup.call(self.setup.access.without_auth(), false);
        self.slot.call(function, &call, run).await
    }

    /// What a call with this auth works with. Where it is not known where the auth may connect to, the connector is
    /// asked first.
    pub(crate) async fn call_with(&mut self, auth: &Auth, streaming: bool) -> Result<CallSetup, Failure> {
        let setup = Arc::clone(&self.setup);
        let access = &setup.access;
        if let Some(client) = access.known(auth) {
            let call = setup.call(client, streaming);
            self.hide(&call, auth).await?;
            return Ok(call);
        }
        let call = setup.call(access.without_auth(), streaming);
        self.hide(&call, auth).await?;
        let hosts = self.slot.call("hosts", &call, |instance| instance.hosts(auth.clone())).await?;
        let client = access.grant(auth, &hosts)?;
        Ok(CallSetup { client, ..call })
    }

    /// Hides the secrets of an auth in whatever the call says from now on. The first call asks the connector which fields of
    /// an auth are secret; if it does not say, all are.
    async fn hide(&mut self, call: &CallSetup, auth: &Auth) -> Result<(), Failure> {
        let fields = match self.setup.auth_fields.get() {
            Some(fields) => Arc::clone(fields),
            None => {
                let schema = self.slot.call("auth-schema", call, Instance::auth_schema).await;
                let fields = match schema {
                    Ok(schema) => AuthFields::of(&schema),
                    Err(failure) if matches!(failure.kind(), FailureKind::Execution(_)) => return Err(failure),
                    Err(_) => AuthFields::default(),
                };
                Arc::clone(self.setup.auth_fields.get_or_init(|| Arc::new(fields)))
            }
        };
        call.context.secrets().hide(&fields, auth);
        Ok(())
    }

    /// Calls a function that needs an auth.
    pub(crate) async fn signed_in<T>(
        &mut self,
        call: &CallSetup,
        auth: (&Auth, SignIn),
        function: &'static str,
        run: impl for<'a> Fn(&'a mut Instance, Auth) -> Answer<'a, T>,
    ) -> Result<T, Failure> {
        sign_in::call(&mut self.slot, call, self.setup.sessions.as_ref(), auth, function, run).await
    }

    /// What a step of a download works with: what the steps before have used counts, and the causes are those of the call.
    pub(crate) fn step_of(&self, call: &CallSetup, used: Used) -> CallSetup {
        let meter = Arc::new(CallMeter::going_on(&self.setup.limits, true, used));
        CallSetup { context: Arc::new(call.context.step(meter)), client: call.client.clone() }
    }

    /// Calls a function as a part of a call that is under way.
    pub(crate) async fn step<T>(
        &mut self,
        call: &CallSetup,
        function: &'static str,
        run: impl for<'a> FnOnce(&'a mut Instance) -> Answer<'a, T>,
    ) -> Result<T, Failure> {
        self.slot.call(function, call, run).await
    }
}
