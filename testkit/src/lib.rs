//! edgecoder-testkit
