//! boomi-emulator
