//! Holds what the documents say against what is there: links lead somewhere, finding codes are explained.

use onemap_model::{FindingCode, Severity};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents of the project: at its root, in `docs/` and below.
fn documents() -> Vec<PathBuf> {
    let folders = ["", "docs", "docs/decisions", "benches"];
    let files = folders.iter().flat_map(|folder| {
        let entries = fs::read_dir(root().join(folder)).expect("the folder of documents is there");
        entries.map(|entry| entry.expect("the folder can be read").path())
    });
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// The targets of Markdown links and pictures in `text` that are files of the project.
fn linked_files(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let files = targets.map(|(target, _)| target.split('#').next().expect("a split has a first part"));
    files
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .collect()
}

#[test]
fn every_link_in_the_documents_leads_to_a_file() {
    let mut links = 0;
    for document in documents() {
        let folder = document.parent().expect("a document lies in a folder");
        for target in linked_files(&read(&document)) {
            links += 1;
            assert!(
                folder.join(target).exists(),
                "{} links to {target}, which is not there",
                document.display()
            );
        }
    }
    assert!(
        links >= 10,
        "only {links} links were found: the test looks at the wrong files"
    );
}

#[test]
fn links_are_told_from_other_text() {
    let text = "see [a](b.md#part), ![p](docs/p.png), [web](https://example.org), [here](#x) (not [this])";
    assert_eq!(linked_files(text), ["b.md", "docs/p.png"]);
}

#[test]
fn every_finding_code_is_explained_with_its_severity() {
    let text = read(&root().join("docs/loading.md"));
    for &code in FindingCode::ALL {
        let severity = match code.severity() {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let start = format!("| `{}` |", code.as_str());
        let row = text.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("docs/loading.md does not explain {}", code.as_str()));
        assert!(
            row.ends_with(&format!("| {severity} |")),
            "{row}: {} is a {severity}",
            code.as_str()
        );
    }
}
