//! Who asks: one policy for each route, one type for each policy.
//!
//! A handler's first argument is the caller that its route's policy lets through; a route with another one does not compile
//! ([`super::route::Route::new`]). So no handler looks at a token, and none can forget to.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use edgecoder_types::ids::NodeId;

use super::fault::RequestFault;
use super::problem::{Refused, ServiceError};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Anybody.
    Public,
    /// A node that may work: its requests are signed.
    Node,
    /// Any enrolled node, also one that may not work yet, or not now.
    EnrolledNode,
    /// Another service, by its short-lived token.
    Service,
    /// A person or a program with a token; an operator, too.
    User,
    /// Who runs the service.
    Operator,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 6] =
        [Self::Public, Self::Node, Self::EnrolledNode, Self::Service, Self::User, Self::Operator];

    /// Its name in logs and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Node => "node",
            Self::EnrolledNode => "enrolled_node",
            Self::Service => "service",
            Self::User => "user",
            Self::Operator => "operator",
        }
    }
}

/// Who asks, as the gate found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody asked who it is.
    Public,
    /// A node.
    Node(NodeCaller),
    /// Another service.
    Service(ServiceCaller),
    /// A person or a program.
    User(UserCaller),
}

impl Principal {
    /// One text for each, for logs and for keeping what belongs to one.
    pub fn name(&self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Node(node) => node.node.to_string(),
            Self::Service(service) => format!("service:{}", service.service),
            Self::User(user) => format!("user:{}", user.subject),
        }
    }
}

/// Anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicCaller;

/// A node whose signature was verified and whose nonce was fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeCaller {
    /// The node.
    pub node: NodeId,
    /// Thumbprint of the key that it signed with.
    pub key_id: String,
}

/// A node that is enrolled, whatever it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledNodeCaller(pub NodeCaller);

/// Another service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCaller {
    /// Its name.
    pub service: String,
    /// What its token allows.
    pub scopes: Vec<String>,
}

/// A person or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCaller {
    /// Whose token it is.
    pub subject: String,
    /// What the token allows.
    pub scopes: Vec<String>,
    /// Whether it is an operator's.
    pub is_operator: bool,
}

/// Who runs the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorCaller {
    /// Whose token it is.
    pub subject: String,
}

/// A caller that a policy lets through.
pub trait Caller: Sized + Send + 'static {
    /// The policy.
    const POLICY: Policy;

    /// This caller, if it is who asks.
    fn of(principal: &Principal) -> Option<Self>;
}

impl Caller for PublicCaller {
    const POLICY: Policy = Policy::Public;

    fn of(_: &Principal) -> Option<Self> {
        Some(Self)
    }
}

impl Caller for NodeCaller {
    const POLICY: Policy = Policy::Node;

    fn of(principal: &Principal) -> Option<Self> {
        if let Principal::Node(node) = principal { Some(node.clone()) } else { None }
    }
}

impl Caller for EnrolledNodeCaller {
    const POLICY: Policy = Policy::EnrolledNode;

    fn of(principal: &Principal) -> Option<Self> {
        NodeCaller::of(principal).map(Self)
    }
}

impl Caller for ServiceCaller {
    const POLICY: Policy = Policy::Service;

    fn of(principal: &Principal) -> Option<Self> {
        if let Principal::Service(service) = principal { Some(service.clone()) } else { None }
    }
}

impl Caller for UserCaller {
    const POLICY: Policy = Policy::User;

    fn of(principal: &Principal) -> Option<Self> {
        if let Principal::User(user) = principal { Some(user.clone()) } else { None }
    }
}

impl Caller for OperatorCaller {
    const POLICY: Policy = Policy::Operator;

    fn of(principal: &Principal) -> Option<Self> {
        let user = UserCaller::of(principal).filter(|user| user.is_operator)?;
        Some(Self { subject: user.subject })
    }
}

/// The policy under which the gate let a request through.
#[derive(Clone, Debug)]
pub(super) struct Admitted {
    pub(super) policy: Policy,
    pub(super) principal: Principal,
}

/// Reads what the gate found out. Without a gate, or with one of another policy, nobody is let through.
fn admitted<C: Caller>(parts: &Parts) -> Result<C, Refused> {
    let admitted = parts.extensions.get::<Admitted>().filter(|admitted| admitted.policy == C::POLICY);
    admitted
        .and_then(|admitted| C::of(&admitted.principal))
        .ok_or_else(|| RequestFault::Internal.refuse().logged("a handler stands behind another policy than its own"))
}

macro_rules! extractors {
    ($($name:ident),+) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = Refused;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
                admitted(parts)
            }
        }
    )+};
}

extractors!(PublicCaller, NodeCaller, EnrolledNodeCaller, ServiceCaller, UserCaller, OperatorCaller);
