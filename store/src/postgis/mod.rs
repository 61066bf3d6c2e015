//! A store in a PostgreSQL database with PostGIS.
#![allow(dead_code)]

mod connect;
mod copy;
mod fault;
mod target;
mod text;
mod tls;
