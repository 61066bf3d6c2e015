//! Connections against a real server: lost, frozen, refused, encrypted.

use super::*;
use onemap_testing::Cluster;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::time::Instant;

fn impatient() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        statement: Duration::from_secs(2),
        lock: Duration::from_millis(300),
        progress: Duration::from_secs(2),
    }
}

fn link(url: &str) -> Result<Link> {
    let target = Target::parse(url).map_err(|fault| fault.of(&target::without_password(url)))?;
    Link::to(target, impatient())
}

fn number(link: &mut Link, sql: &str) -> Result<i64> {
    Ok(link.query(&format!("SELECT ({sql})::bigint"), &[])?[0].get(0))
}

#[test]
fn what_the_user_and_the_database_are_set_to_does_not_matter() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let name = database.name();
    database.psql(&format!(
        "ALTER DATABASE {name} SET search_path = nowhere; ALTER DATABASE {name} SET datestyle = 'German'; \
         ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"
    ));
    let mut link = link(&database.url()).unwrap();
    let rows = link.query(
        "SELECT current_setting('timezone') || current_setting('search_path') || date '2024-05-01'::text || \
         current_setting('transaction_isolation') || ST_AsText('POINT(1 2)'::geometry)",
        &[],
    );
    let said: String = rows.unwrap()[0].get(0);
    assert_eq!(said, "UTCpg_catalog, public, pg_temp2024-05-01read committedPOINT(1 2)");
}

#[test]
fn a_lost_connection_is_said_and_made_again() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut link = link(&database.url()).unwrap();
    assert_eq!(link.ready().unwrap(), Readiness::Same);
    database.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onemap' AND datname = current_database()");
    let error = link.batch("SELECT 1").unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(
        link.batch("SELECT 1").is_err(),
        "it must not be made again in the middle of something"
    );
    assert_eq!(link.ready().unwrap(), Readiness::New);
    assert_eq!(number(&mut link, "SELECT 7").unwrap(), 7);
}

#[test]
fn a_frozen_server_is_unreachable_within_the_bound_and_comes_back() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.fresh_database();
    let mut old = link(&database.url()).unwrap();
    cluster.freeze();
    let began = Instant::now();
    let error = old.query("SELECT 1", &[]).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let error = old.ready().unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let error = old.execute_long("SELECT 1").unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    cluster.thaw();
    old.ready().unwrap();
    assert_eq!(number(&mut old, "SELECT 1").unwrap(), 1);
}

#[test]
fn a_long_statement_may_take_longer_than_the_bound_unless_the_server_is_gone() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.fresh_database();
    let mut link = link(&database.url()).unwrap();
    link.batch("SET statement_timeout = 0").unwrap();
    assert_eq!(link.execute_long("SELECT FROM pg_sleep(5)").unwrap(), 1);
    std::thread::scope(|scope| {
        let working = scope.spawn(move || link.execute_long("SELECT FROM pg_sleep(120)"));
        std::thread::sleep(Duration::from_secs(1));
        cluster.freeze();
        let error = working.join().unwrap().unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    });
}

#[test]
fn a_lock_that_is_not_given_is_busy_and_a_statement_that_is_wrong_is_told() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let (mut one, mut other) = (link(&database.url()).unwrap(), link(&database.url()).unwrap());
    one.batch("CREATE TABLE public.t (n int)").unwrap();
    one.batch("BEGIN; LOCK TABLE public.t").unwrap();
    assert!(matches!(other.batch("SELECT * FROM public.t"), Err(Error::Busy { .. })));
    let error = other.batch("SELEC 1").unwrap_err().to_string();
    assert!(error.contains("SELEC") && error.contains("42601"), "{error}");
    assert_eq!(number(&mut other, "SELECT 1").unwrap(), 1);
}

#[test]
fn a_full_disk_is_said_in_plain_words() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let full = "DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$";
    let error = link(&database.url()).unwrap().batch(full).unwrap_err().to_string();
    assert!(
        error.contains("the disk of the database server is full: could not extend file (SQLSTATE 53100)"),
        "{error}"
    );
}

#[test]
fn a_notification_ends_the_waiting() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let mut link = link(&database.url()).unwrap();
    // Whoever waits for the first time is told at once: what was before may have been missed.
    link.wait(Duration::from_secs(60)).unwrap();
    database.psql("NOTIFY onemap, '5'");
    let began = Instant::now();
    link.wait(Duration::from_secs(60)).unwrap();
    assert!(began.elapsed() < Duration::from_secs(30));
    link.wait(Duration::from_millis(10)).unwrap();
}

#[test]
fn a_database_that_is_not_there_and_a_wrong_password_are_said() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let error = link(&cluster.url("nowhere")).unwrap_err();
    assert!(
        matches!(error, Error::NotAStore { .. }) && error.to_string().contains("createdb"),
        "{error}"
    );
    database
        .psql("DO $$ BEGIN CREATE ROLE guarded LOGIN PASSWORD 'right'; EXCEPTION WHEN duplicate_object THEN END $$");
    let as_guarded = |password: &str| database.url().replace("onemap@", &format!("guarded{password}@"));
    link(&as_guarded(":right")).unwrap();
    let wrong = link(&as_guarded(":wr0ng")).unwrap_err().to_string();
    assert!(wrong.contains("password") && !wrong.contains("wr0ng"), "{wrong}");
    let none = link(&as_guarded("")).unwrap_err().to_string();
    assert!(none.contains("PGPASSWORD"), "{none}");
}

#[test]
fn the_first_host_that_answers_and_may_write_is_taken() {
    let Some(cluster) = Cluster::shared() else { return };
    let Some(frozen) = Cluster::start() else { return };
    let database = cluster.fresh_database();
    frozen.freeze();
    let hosts = format!("127.0.0.1:1,127.0.0.1:{},127.0.0.1:{}", frozen.port(), cluster.port());
    let url = format!(
        "postgres://onemap@{hosts}/{}?target_session_attrs=read-write",
        database.name()
    );
    let mut found = link(&url).unwrap();
    assert_eq!(
        number(&mut found, "SELECT setting FROM pg_settings WHERE name = 'port'").unwrap(),
        i64::from(cluster.port())
    );
    drop(found);
    database.psql(&format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        database.name()
    ));
    let error = link(&url).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[test]
fn certificates_are_checked_as_asked() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let authority = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let path = folder.path().join(name);
        std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
        (Issuer::new(params, key), path.display().to_string())
    };
    let ((ours, ca), (_, other)) = (authority("ours"), authority("other"));
    let serve = |names: &[&str]| {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &ours).unwrap();
        cluster.put_file("server.crt", certificate.pem().as_bytes());
        cluster.put_file("server.key", key.serialize_pem().as_bytes());
        cluster.reconfigure("ssl = on");
    };
    let database = cluster.fresh_database();
    let encrypted = |options: &str| -> Result<bool> {
        let mut link = link(&format!("{}?{options}", database.url()))?;
        Ok(number(
            &mut link,
            "SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        )? == 1)
    };
    assert!(!encrypted("sslmode=prefer").unwrap());
    assert!(encrypted("sslmode=require").is_err(), "the server has no TLS yet");
    serve(&["127.0.0.1"]);
    assert!(!encrypted("sslmode=disable").unwrap());
    for options in ["", "sslmode=require"] {
        assert!(encrypted(options).unwrap(), "{options}");
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        assert!(
            encrypted(&format!("sslmode={mode}&sslrootcert={ca}")).unwrap(),
            "{mode}"
        );
        let refused = encrypted(&format!("sslmode={mode}&sslrootcert={other}")).unwrap_err();
        assert!(
            matches!(refused, Error::Unreachable { .. }) && refused.to_string().contains("certificate"),
            "{refused}"
        );
    }
    serve(&["elsewhere.example"]);
    assert!(encrypted(&format!("sslmode=verify-ca&sslrootcert={ca}")).unwrap());
    let refused = encrypted(&format!("sslmode=verify-full&sslrootcert={ca}"))
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("not valid for name") || refused.contains("NotValidForName"),
        "{refused}"
    );
    let lacking = encrypted("sslmode=verify-full&sslrootcert=/nowhere.crt")
        .unwrap_err()
        .to_string();
    assert!(lacking.contains("/nowhere.crt"), "{lacking}");
    let own = cluster.data_folder().join("server.crt").display().to_string();
    assert!(
        encrypted(&format!("sslmode=verify-ca&sslrootcert={own}")).unwrap(),
        "its own certificate is known"
    );
}
