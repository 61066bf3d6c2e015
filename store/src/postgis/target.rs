//! Connection strings: `postgres://user@host1,host2/db?target_session_attrs=read-write&sslmode=verify-full`.
//!
//! `tokio-postgres` reads what it knows; here stands what it does not: libpq's stricter words for `sslmode`, its
//! `sslrootcert`, and passwords from `PGPASSWORD` and `~/.pgpass`. No message ever shows a password.

use super::fault::{Fault, Inner};
use super::tls::{Check, Tls};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// What was expected where a text is no connection string.
const EXPECTED: &str =
    "expected postgres://user@host:5432/database, with special characters of names and passwords written as %XX";

/// Where a connection goes, and how.
#[derive(Clone)]
pub(super) struct Target {
    /// One for each host, in the order given.
    pub hosts: Vec<Config>,
    /// How TLS is done.
    pub tls: Tls,
    /// What of the server's certificate is checked.
    pub check: Check,
    /// The connection as it may be shown.
    pub name: String,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Target").field(&self.name).finish()
    }
}

/// Whether `text` means a database, and not a file.
pub fn is_connection(text: &str) -> bool {
    let lower = text.trim_start().to_ascii_lowercase();
    ["postgres:", "postgresql:", "pg:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
}

/// The text that names a store or a source of data, as it may be shown: without what might be a password.
///
/// ```
/// assert_eq!(onemap_store::without_password("postgres://me:secret@host/db?password=x"), "postgres://me@host/db");
/// assert_eq!(onemap_store::without_password("data/city.gpkg"), "data/city.gpkg");
/// ```
pub fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return if is_connection(text) {
            "PG:…".to_owned()
        } else {
            text.to_owned()
        };
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    match rest.rsplit_once('@') {
        Some((user, place)) => format!("{scheme}://{}@{place}", user.split(':').next().unwrap_or_default()),
        None => format!("{scheme}://{rest}"),
    }
}

impl Target {
    /// Reads a connection string.
    pub fn parse(text: &str) -> Inner<Self> {
        let (place, query) = text.trim().split_once('?').unwrap_or((text.trim(), ""));
        if !(place.starts_with("postgres://") || place.starts_with("postgresql://")) {
            return Err(refused(EXPECTED));
        }
        let (mut ssl, mut rest) = (Ssl::default(), Vec::new());
        for option in query.split('&').filter(|option| !option.is_empty()) {
            if !ssl.take(option)? {
                rest.push(as_understood(option));
            }
        }
        // The library's own message may quote a part of the password; only what it says of an option is passed on.
        let config: Config = format!("{place}?{}", rest.join("&")).parse().map_err(|error| {
            let said = super::fault::with_sources(&error);
            let about_option = ["unknown option", "invalid value for option"]
                .iter()
                .any(|words| said.contains(words));
            if about_option {
                refused(&said)
            } else {
                refused(EXPECTED)
            }
        })?;
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(refused(&format!("it names no database; {EXPECTED}")));
        }
        let hosts = one_each(&config, ssl.mode())?;
        let check = ssl.check()?;
        Ok(Self {
            name: shown(&hosts),
            tls: Tls::new(check.clone())?,
            check,
            hosts,
        })
    }
}

fn refused(reason: &str) -> Fault {
    Fault::NoStore(reason.to_owned())
}

/// libpq knows more values than the library.
fn as_understood(option: &str) -> &str {
    match option {
        "target_session_attrs=primary" => "target_session_attrs=read-write",
        "target_session_attrs=standby" => "target_session_attrs=read-only",
        "target_session_attrs=prefer-standby" => "target_session_attrs=any",
        option => option,
    }
}

/// The options about TLS, as given.
#[derive(Debug, Default)]
struct Ssl {
    mode: Option<String>,
    roots: Option<PathBuf>,
}

impl Ssl {
    /// Takes an option that is one of these.
    fn take(&mut self, option: &str) -> Inner<bool> {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = decoded(value).ok_or_else(|| refused(&format!("the value of {name} is not written as %XX")))?;
        match name {
            "sslmode" => {
                let known = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
                if !known.contains(&value.as_str()) {
                    return Err(refused(&format!(
                        "sslmode is {value:?}; expected one of {}",
                        known.join(", ")
                    )));
                }
                self.mode = Some(value);
            }
            "sslrootcert" => self.roots = Some(PathBuf::from(value)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn mode(&self) -> SslMode {
        match self.mode.as_deref() {
            Some("disable") => SslMode::Disable,
            Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            _ => SslMode::Prefer,
        }
    }

    /// What of the server's certificate is checked; as in libpq, `require` with a file of roots means `verify-ca`.
    fn check(self) -> Inner<Check> {
        let given = self
            .roots
            .or_else(|| std::env::var_os("PGSSLROOTCERT").map(PathBuf::from));
        let usual = || home_file(".postgresql/root.crt").filter(|path| path.exists());
        let mode = self.mode.as_deref().unwrap_or("prefer");
        let Some(roots) = given.or_else(usual) else {
            return match mode {
                "verify-ca" | "verify-full" => Err(refused(&format!(
                    "sslmode={mode} needs the certificate of the authority: name its file with sslrootcert=, or put it at \
                     ~/.postgresql/root.crt; sslrootcert=system takes those that the system trusts"
                ))),
                _ => Ok(Check::Nothing),
            };
        };
        Ok(match mode {
            "verify-full" => Check::AuthorityAndName(roots),
            "verify-ca" | "require" => Check::Authority(roots),
            _ => Check::Nothing,
        })
    }
}

/// One configuration for each host, so that each gets its own time to answer.
fn one_each(config: &Config, mode: SslMode) -> Inner<Vec<Config>> {
    let ports = config.get_ports();
    let port = |i: usize| ports.get(i).or(ports.first()).copied().unwrap_or(5432);
    let mut bare = Config::new();
    bare.dbname(config.get_dbname().unwrap_or_default());
    bare.application_name("onemap").ssl_mode(mode);
    if let Some(user) = config
        .get_user()
        .map(str::to_owned)
        .or_else(|| std::env::var("PGUSER").ok())
    {
        bare.user(user);
    }
    if let Some(options) = config.get_options() {
        bare.options(options);
    }
    bare.ssl_negotiation(config.get_ssl_negotiation());
    bare.channel_binding(config.get_channel_binding());
    bare.target_session_attrs(config.get_target_session_attrs());
    bare.keepalives(config.get_keepalives())
        .keepalives_idle(Duration::from_secs(30));
    bare.keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
    bare.tcp_user_timeout(*config.get_tcp_user_timeout().unwrap_or(&Duration::from_secs(60)));
    let named = config.get_hosts().len();
    let addressed = config.get_hostaddrs();
    if named > 0 && !addressed.is_empty() && named != addressed.len() {
        return Err(refused(&format!("{named} hosts, but {} addresses", addressed.len())));
    }
    if ports.len() > 1 && ports.len() != named.max(addressed.len()) {
        return Err(refused(&format!(
            "{} ports for {} hosts",
            ports.len(),
            named.max(addressed.len())
        )));
    }
    let mut each = Vec::new();
    for i in 0..named.max(addressed.len()).max(1) {
        let mut one = bare.clone();
        match config.get_hosts().get(i) {
            Some(Host::Tcp(host)) => one.host(host),
            Some(Host::Unix(folder)) => one.host_path(folder),
            None if addressed.is_empty() => one.host("localhost"),
            None => &mut one,
        };
        if let Some(address) = addressed.get(i) {
            one.hostaddr(*address);
        }
        one.port(port(i));
        match config.get_password() {
            Some(password) => one.password(password),
            None => match other_password(&one) {
                Some(password) => one.password(password),
                None => &mut one,
            },
        };
        each.push(one);
    }
    Ok(each)
}

/// From the environment or the password file (PostgreSQL documentation, 34.15 and 34.16).
fn other_password(config: &Config) -> Option<String> {
    if let Ok(password) = std::env::var("PGPASSWORD") {
        return Some(password);
    }
    let path = std::env::var_os("PGPASSFILE")
        .map(PathBuf::from)
        .or_else(|| home_file(".pgpass"))?;
    if !is_private(&path) {
        return None;
    }
    let wanted = [
        host_of(config),
        config.get_ports().first()?.to_string(),
        config.get_dbname()?.to_owned(),
        config
            .get_user()
            .map_or_else(|| std::env::var("USER").unwrap_or_default(), str::to_owned),
    ];
    let text = std::fs::read_to_string(&path).ok()?;
    text.lines().find_map(|line| password_in(line, &wanted))
}

/// A password file that others can read is ignored, as libpq does.
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::metadata(path) else {
        return false;
    };
    let private = metadata.is_file() && metadata.permissions().mode() & 0o077 == 0;
    if !private {
        tracing::warn!("{} is ignored: others may read it; chmod 0600 helps", path.display());
    }
    private
}

/// The password of a line `host:port:database:user:password`, where the first four are `*` or equal.
fn password_in(line: &str, wanted: &[String; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => part.extend(letters.next()),
            ':' if parts.len() < 4 => parts.push(std::mem::take(&mut part)),
            letter => part.push(letter),
        }
    }
    let fits = parts.len() == 4
        && parts
            .iter()
            .zip(wanted)
            .all(|(own, wanted)| own == "*" || own == wanted);
    (fits && !part.is_empty()).then_some(part)
}

fn home_file(name: &str) -> Option<PathBuf> {
    std::env::var_os("HOME").map(|home| PathBuf::from(home).join(name))
}

/// Host or socket folder of a configuration of one host.
fn host_of(config: &Config) -> String {
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(_)) => "localhost".to_owned(),
        None => config
            .get_hostaddrs()
            .first()
            .map_or_else(String::new, ToString::to_string),
    }
}

/// `postgres://user@host:5432,other:5432/db`.
fn shown(hosts: &[Config]) -> String {
    let place = |config: &Config| {
        let host = match config.get_hosts().first() {
            Some(Host::Unix(folder)) => folder.display().to_string(),
            _ => host_of(config),
        };
        format!("{host}:{}", config.get_ports().first().unwrap_or(&5432))
    };
    let user = hosts[0].get_user().map_or_else(String::new, |user| format!("{user}@"));
    let places: Vec<String> = hosts.iter().map(place).collect();
    format!(
        "postgres://{user}{}/{}",
        places.join(","),
        hosts[0].get_dbname().unwrap_or_default()
    )
}

/// A text written with %XX.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Target::parse(text)
            .err()
            .unwrap()
            .of(&without_password(text))
            .to_string()
    }

    #[test]
    fn several_hosts_get_a_configuration_each() {
        let target =
            Target::parse("postgres://me:secret@one:1,[::1]:2/city?target_session_attrs=primary&sslmode=disable")
                .unwrap();
        assert_eq!(target.hosts.len(), 2);
        assert_eq!(target.name, "postgres://me@one:1,::1:2/city");
        assert!(
            target
                .hosts
                .iter()
                .all(|host| host.get_password() == Some(b"secret".as_slice()))
        );
        assert!(!format!("{target:?}").contains("secret"));
        let socket = Target::parse("postgresql://%2Frun%2Fpostgresql/city").unwrap();
        assert_eq!(socket.name, "postgres:///run/postgresql:5432/city");
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_the_password() {
        for text in [
            "postgres://me:se:cret@host:port/db",
            "postgres://me:secret@host",
            "postgres://me:secret@host/db?what=secret",
            "postgres://me:secret@host/db?sslmode=verify-everything",
            "postgres://host/db?password=secret&sslmode=verify-ca&sslrootcert=/nowhere",
            "PG:password=secret",
        ] {
            let error = message(text);
            assert!(!error.contains("secret") && !error.contains("cret@"), "{error}");
        }
        assert!(message("postgres://me@host/db?what=1").contains("what"));
        assert!(message("postgres://host/db?sslmode=sometimes").contains("verify-full"));
    }

    #[test]
    fn a_line_of_the_password_file_fits_by_host_port_database_and_user() {
        let wanted = ["host", "5432", "city", "me"].map(str::to_owned);
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(password_in(line, &wanted).as_deref(), expected, "{line}");
        };
        check("host:5432:city:me:se\\:cret:t", Some("se:cret:t"));
        check("*:*:*:me:x", Some("x"));
        check("# *:*:*:me:x", None);
        check("host:5433:city:me:x", None);
        check("host:5432:city:me", None);
    }
}
