//! edgecoder-security
