//! boomi-auth
