//! Finds out who asks, from what was sent and what the stores know.
//!
//! A refusal says `auth_failed` and no more; its reason goes to the log.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::request::Parts;
use edgecoder_security::request::{Claim, Fields, RequestHead, SignedHead};
use edgecoder_security::service_token::{ServiceKey, verify_service_token};
use edgecoder_security::{
    Freshness, KeyRecord, NonceAnswer, NonceStore, NonceUse, Rejection, ReplayWindow, TokenKind, TokenRecord,
    TokenSecret, TokenUse, sha256,
};
use edgecoder_types::ids::NodeId;
use edgecoder_types::{Digest, UnixMs};

use super::caller::{NodeCaller, Policy, Principal, ServiceCaller, UserCaller};
use super::fault::RequestFault;
use super::problem::{Refused, ServiceError};

/// A store's failure.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;
/// What a store answers, later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What a node may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Work.
    Active,
    /// Wait for its approval.
    Pending,
    /// Nothing until it is let in again.
    Suspended,
    /// Nothing, ever.
    Revoked,
}

/// What is known of a node by one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEntry {
    /// The node.
    pub node: NodeId,
    /// The key.
    pub key: KeyRecord,
    /// What the node may do.
    pub standing: Standing,
}

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEntry {
    /// Whose it is.
    pub subject: String,
    /// Its rules.
    pub record: TokenRecord,
}

/// Knows nodes by their keys.
pub trait NodeDirectory: Send + Sync {
    /// The node with this key.
    fn find_key<'a>(&'a self, key_id: &'a str) -> Later<'a, Option<NodeEntry>>;
}

/// Knows tokens by the digest of their text.
pub trait TokenDirectory: Send + Sync {
    /// The token with this digest.
    fn find_token<'a>(&'a self, digest: &'a Digest) -> Later<'a, Option<TokenEntry>>;
}

/// Used nonces in memory: for a service without a database.
#[derive(Debug)]
pub struct MemoryNonces {
    window: Mutex<ReplayWindow>,
    since: UnixMs,
}

impl MemoryNonces {
    /// Remembers from now on; what was signed before is refused.
    pub fn new(now: UnixMs) -> Self {
        Self { window: Mutex::default(), since: now }
    }
}

impl NonceStore for MemoryNonces {
    fn remember<'a>(&'a self, nonce: &'a NonceUse, now: UnixMs) -> NonceAnswer<'a> {
        let freshness = self.window.lock().unwrap_or_else(PoisonError::into_inner).remember(nonce, now);
        Box::pin(std::future::ready(Ok(freshness)))
    }

    fn remembers_since(&self) -> Option<UnixMs> {
        Some(self.since)
    }
}

/// How nodes are known.
#[derive(Clone)]
pub struct NodeAuth {
    /// By their keys.
    pub nodes: Arc<dyn NodeDirectory>,
    /// Where used nonces are kept.
    pub nonces: Arc<dyn NonceStore>,
}

impl std::fmt::Debug for NodeAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeAuth").finish_non_exhaustive()
    }
}

/// Everything by which callers are known. What is `None` or empty lets nobody through, and a route that needs it keeps the
/// service from starting.
#[derive(Clone, Default)]
pub struct Auth {
    /// The name under which tokens are for this service.
    pub audience: String,
    /// Nodes.
    pub nodes: Option<NodeAuth>,
    /// People, programs and operators.
    pub tokens: Option<Arc<dyn TokenDirectory>>,
    /// The keys of services that may ask.
    pub services: Vec<ServiceKey>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("audience", &self.audience).finish_non_exhaustive()
    }
}

/// A signed request whose head was verified and whose body was not yet read.
pub(super) struct HalfNode {
    head: SignedHead,
    entry: NodeEntry,
}

fn refuse(reason: impl Into<String>) -> Refused {
    RequestFault::Unauthenticated.refuse().logged(reason)
}

fn rejected(rejection: &Rejection) -> Refused {
    let reason = format!("{}: {rejection}", rejection.reason());
    if *rejection == Rejection::NoncesSpent {
        return RequestFault::Busy.refuse().retry_after(60).logged(reason);
    }
    refuse(reason)
}

pub(super) fn store(error: &StoreError) -> Refused {
    RequestFault::Store.refuse().logged(super::problem::chain(error.as_ref()))
}

impl Auth {
    /// Whether it can let anybody through under a policy.
    pub(super) fn serves(&self, policy: Policy) -> bool {
        match policy {
            Policy::Public => true,
            Policy::Node | Policy::EnrolledNode => self.nodes.is_some(),
            Policy::Service => !self.services.is_empty() && !self.audience.is_empty(),
            Policy::User | Policy::Operator => self.tokens.is_some() && !self.audience.is_empty(),
        }
    }

    /// Verifies the head of a node's request. Nothing was read of its body.
    pub(super) async fn node_head(
        &self,
        parts: &Parts,
        authority: &str,
        authorities: &[String],
        policy: Policy,
        now: UnixMs,
    ) -> Result<HalfNode, Refused> {
        let auth = self.nodes.as_ref().ok_or_else(|| refuse("no nodes are known here"))?;
        let fields = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let head = RequestHead {
            method: parts.method.as_str(),
            authority,
            path: parts.uri.path(),
            query: parts.uri.query(),
            fields: Fields(fields),
        };
        let claim = Claim::read(&head, authorities).map_err(|rejection| rejected(&rejection))?;
        let found = auth.nodes.find_key(claim.key_id()).await.map_err(|error| store(&error))?;
        let entry = found.ok_or_else(|| rejected(&Rejection::UnknownKey))?;
        let since = auth.nonces.remembers_since();
        let head = claim.verify(&entry.key, now, since).map_err(|rejection| rejected(&rejection))?;
        match (entry.standing, policy) {
            (Standing::Revoked, _) => Err(refuse("node_revoked")),
            (Standing::Active, _) | (Standing::Pending | Standing::Suspended, Policy::EnrolledNode) => {
                Ok(HalfNode { head, entry })
            }
            (Standing::Pending, _) => Err(RequestFault::NodeNotActive("not approved yet").refuse()),
            (Standing::Suspended, _) => Err(RequestFault::NodeNotActive("suspended").refuse()),
        }
    }

    /// Checks the body, and that the request is the first of its kind. Gives the signature that an answer is bound to.
    pub(super) async fn node_body(
        &self,
        half: HalfNode,
        body: &Bytes,
        now: UnixMs,
    ) -> Result<(Principal, String), Refused> {
        let auth = self.nodes.as_ref().ok_or_else(|| refuse("no nodes are known here"))?;
        let signed = half.head.check_body(&sha256(body)).map_err(|rejection| rejected(&rejection))?;
        match auth.nonces.remember(&signed.nonce, now).await.map_err(|error| store(&error))? {
            Freshness::Fresh => {}
            Freshness::Used => return Err(rejected(&Rejection::Replayed)),
            Freshness::Full => return Err(rejected(&Rejection::NoncesSpent)),
        }
        let caller = NodeCaller { node: half.entry.node, key_id: signed.nonce.key_id };
        Ok((Principal::Node(caller), signed.signature_field))
    }

    /// Finds out whose bearer token was sent.
    pub(super) async fn bearer(
        &self,
        parts: &Parts,
        policy: Policy,
        scope: Option<&str>,
        now: UnixMs,
    ) -> Result<Principal, Refused> {
        let mut values = parts.headers.get_all("authorization").iter();
        let value = values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(|| refuse("no_token"))?;
        match policy {
            Policy::Service => self.service(token, scope, now),
            Policy::User | Policy::Operator => self.user(token, policy, scope, now).await,
            Policy::Public | Policy::Node | Policy::EnrolledNode => Err(refuse("a token says nothing here")),
        }
    }

    fn service(&self, token: &str, scope: Option<&str>, now: UnixMs) -> Result<Principal, Refused> {
        let claims = verify_service_token(token, &self.audience, &self.services, now)
            .map_err(|refusal| refuse(format!("{}: {refusal}", refusal.reason())))?;
        if let Some(scope) = scope.filter(|scope| !claims.scopes.iter().any(|known| known == scope)) {
            return Err(RequestFault::Forbidden(format!("the token has no scope {scope}")).refuse());
        }
        Ok(Principal::Service(ServiceCaller { service: claims.service, scopes: claims.scopes }))
    }

    async fn user(&self, token: &str, policy: Policy, scope: Option<&str>, now: UnixMs) -> Result<Principal, Refused> {
        let refuse_token = |refusal: edgecoder_security::TokenRefusal| {
            let reason = format!("{}: {refusal}", refusal.reason());
            if refusal.kind() == edgecoder_types::ErrorKind::Forbidden {
                return RequestFault::Forbidden(refusal.to_string()).refuse().logged(reason);
            }
            refuse(reason)
        };
        let tokens = self.tokens.as_ref().ok_or_else(|| refuse("no tokens are known here"))?;
        let secret = TokenSecret::parse(token).map_err(refuse_token)?;
        let found = tokens.find_token(&secret.digest()).await.map_err(|error| store(&error))?;
        let entry = found.ok_or_else(|| refuse_token(edgecoder_security::TokenRefusal::Unknown))?;
        let is_operator = entry.record.kind == TokenKind::Operator;
        let kind = if is_operator { TokenKind::Operator } else { TokenKind::User };
        // An operator may do what users may, whatever scopes the token lists.
        let scope = scope.filter(|_| !is_operator);
        let wanted = TokenUse { kind, audience: &self.audience, scope };
        entry.record.check(&secret, &wanted, now).map_err(refuse_token)?;
        if policy == Policy::Operator && !is_operator {
            return Err(RequestFault::Forbidden("this is for operators".to_owned()).refuse());
        }
        Ok(Principal::User(UserCaller { subject: entry.subject, scopes: entry.record.scopes, is_operator }))
    }
}
