//! edgecoder-agent
