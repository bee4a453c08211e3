//! What a request comes to when something goes wrong with it, fault by fault: the table is `matrix.json`.

mod idle;
mod matrix;
