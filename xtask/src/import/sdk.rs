//! Reads Looker's Python SDK: newer than the description, but with less in it.
//!
//! `sdk/extract.py` parses the sources in the SDK's wheel with Python's own `ast` and prints what they declare as JSON.
//! The types here are that JSON.

use catalog_model::{Method, Parameter, SdkSource, Type};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const EXTRACT: &str = include_str!("sdk/extract.py");

/// What the SDK declares.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sdk {
    /// Its version, which is the release of Looker that it was made for: `26.22.0`.
    pub version: String,
    /// Its methods.
    pub operations: Vec<SdkOperation>,
    /// Its models.
    pub models: Vec<SdkModel>,
    /// Its enumerations, which properties have as their type.
    pub enumerations: Vec<Enumeration>,
    /// Everything in it that is written for people, to tell whether the overlay repeats one.
    pub sentences: Vec<String>,
}

/// One method.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkOperation {
    pub name: String,
    pub tag: String,
    pub method: Method,
    pub path: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<SdkBody>,
    /// What it returns; nothing for a response without content.
    pub returns: Option<Returns>,
}

/// The body that a method sends as JSON.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkBody {
    #[serde(rename = "type")]
    pub kind: Type,
    pub required: bool,
}

/// What a method returns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum Returns {
    /// Text or bytes, whatever Looker sends.
    File,
    /// A value of a type. `string` is also the type of everything that the SDK hands on unread.
    Value(Type),
}

/// One model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkModel {
    pub name: String,
    pub properties: Vec<SdkProperty>,
}

/// One property.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkProperty {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Type,
    pub required: bool,
}

/// The values of one enumeration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enumeration {
    pub name: String,
    pub values: Vec<String>,
}

impl TryFrom<String> for Returns {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if written == "bytes" { Ok(Self::File) } else { written.parse().map(Self::Value) }
    }
}

impl Sdk {
    /// The release of Looker without its patch level: `26.22`.
    pub fn release(&self) -> &str {
        self.version.rsplit_once('.').map_or(self.version.as_str(), |(release, _)| release)
    }
}

/// Reads the SDK's wheel with `python3`.
///
/// # Errors
///
/// Says what the wheel declares that is not understood, or that it or Python cannot be run.
pub fn read(wheel: &Path) -> Result<(Sdk, SdkSource), String> {
    let bytes = fs::read(wheel).map_err(|error| format!("{}: cannot be read: {error}", wheel.display()))?;
    let sdk = parse(&extract(wheel)?)?;
    let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let source = SdkSource { release: sdk.version.clone(), sha256 };
    Ok((sdk, source))
}

/// Runs the program that prints what the wheel declares.
fn extract(wheel: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("python3 is needed to read the SDK, and could not be run: {error}");
    let mut python = Command::new("python3")
        .args(["-I", "-"])
        .arg(wheel)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = python.stdin.take() {
        input.write_all(EXTRACT.as_bytes()).map_err(failed)?;
    }
    let output = python.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}", wheel.display(), message.trim()));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{}: {error}", wheel.display()))
}

fn parse(json: &str) -> Result<Sdk, String> {
    serde_json::from_str(json).map_err(|error| format!("the SDK: {error}"))
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::path::PathBuf;
    use tempfile::TempDir;

    /// The SDK of an orchard, in the form of Looker's.
    pub const METHODS: &str = r#"
from typing import Any, MutableMapping, Optional, Sequence, Union, cast

class Looker40SDK(api_methods.APIMethods):

    # region Tree: All trees

    # Lists the trees that stand in an orchard.
    #
    # GET /trees -> Sequence[mdls.Tree]
    def all_trees(
        self,
        # Which ones
        ids: Optional[mdls.DelimSequence[str]] = None,
        transport_options: Optional[transport.TransportOptions] = None,
    ) -> Sequence[mdls.Tree]:
        """List trees"""
        response = cast(
            Sequence[mdls.Tree],
            self.get(path="/trees", structure=Sequence[mdls.Tree], query_params={"ids": ids},
                     transport_options=transport_options),
        )
        return response

    def move(
        self,
        tree_id: str,
        body: mdls.WriteTree,
        when_: Optional[datetime.datetime] = None,
        transport_options: Optional[transport.TransportOptions] = None,
    ) -> mdls.Tree:
        tree_id = self.encode_path_param(tree_id)
        response = cast(mdls.Tree, self.patch(path=f"/trees/{tree_id}", structure=mdls.Tree, body=body,
                                              query_params={"when": when_}, transport_options=transport_options))
        return response

    # endregion

    # region AppleFruit: Apples

    def photo(self, apple_id: str, transport_options=None) -> Union[str, bytes]:
        return cast(Union[str, bytes], self.get(path=f"/apples/{apple_id}/photo", structure=Union[str, bytes]))

    def login(self, client_id: Optional[str] = None, transport_options=None) -> None:
        return cast(None, self.post(path="/login", structure=None, body=urllib.parse.urlencode({"client_id": client_id})))
"#;

    const MODELS: &str = r#"
class Ripeness(enum.Enum):
    """How ripe"""
    green = "green"
    red = "red"
    invalid_api_enum_value = "invalid_api_enum_value"

@attr.s(auto_attribs=True, init=False)
class Tree(model.Model):
    """
    Attributes:
        label: What hangs on it
    """
    from_: str
    ripeness: Optional["Ripeness"] = None
    can: Optional[MutableMapping[str, bool]] = None
    apples: Optional[Sequence["Tree"]] = None
    __annotations__ = {"from_": str}

    def __init__(self, *, from_: str):
        self.from_ = from_

@attr.s(auto_attribs=True, init=False)
class WriteTree(model.Model):
    from_: Optional[str] = None
"#;

    /// A wheel with these sources, in a folder of its own.
    pub fn wheel(methods: &str, models: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join("looker_sdk-26.22.0-py3-none-any.whl");
        let program = "import sys, zipfile\nw = zipfile.ZipFile(sys.argv[1], 'w')\n\
                       w.writestr('looker_sdk-26.22.0.dist-info/METADATA', 'Name: looker-sdk\\nVersion: 26.22.0\\n')\n\
                       w.writestr('looker_sdk/sdk/api40/methods.py', sys.argv[2])\n\
                       w.writestr('looker_sdk/sdk/api40/models.py', sys.argv[3])\nw.close()\n";
        let status = Command::new("python3").args(["-c", program]).arg(&wheel).args([methods, models]).status();
        assert!(status.unwrap().success());
        (folder, wheel)
    }

    #[test]
    fn methods_are_read() {
        let (_folder, wheel) = wheel(METHODS, MODELS);
        let (sdk, source) = read(&wheel).unwrap();
        assert_eq!((source.release.as_str(), source.sha256.len(), sdk.release()), ("26.22.0", 64, "26.22"));
        let names: Vec<_> = sdk.operations.iter().map(|one| (one.name.as_str(), one.tag.as_str())).collect();
        let tags = [("all_trees", "Tree"), ("move", "Tree"), ("photo", "AppleFruit"), ("login", "AppleFruit")];
        assert_eq!(names, tags);
        let [list, change, photo, login] = sdk.operations.as_slice() else { panic!("{names:?}") };
        let parameters = |operation: &SdkOperation| -> Vec<String> {
            let one = |it: &Parameter| format!("{} {:?} {} {}", it.name, it.location, it.kind, it.required);
            operation.parameters.iter().map(one).collect()
        };
        assert_eq!(parameters(list), ["ids Query [string] false"]);
        assert_eq!(list.returns, Some(Returns::Value("[Tree]".parse().unwrap())));
        assert_eq!(parameters(change), ["tree_id Path string true", "when Query string:date-time false"]);
        assert_eq!((change.method, change.path.as_str()), (Method::Patch, "/trees/{tree_id}"));
        let body = change.body.as_ref().unwrap();
        assert_eq!((body.kind.to_string().as_str(), body.required), ("WriteTree", true));
        assert_eq!(photo.returns, Some(Returns::File));
        assert_eq!((parameters(login), &login.returns), (vec!["client_id Query string false".to_owned()], &None));
        assert!(login.body.is_none(), "the fields of a form are parameters");
    }

    #[test]
    fn models_are_read() {
        let (_folder, wheel) = wheel(METHODS, MODELS);
        let (sdk, _) = read(&wheel).unwrap();
        let tree = &sdk.models[0];
        let properties: Vec<_> =
            tree.properties.iter().map(|it| (it.name.as_str(), it.kind.to_string(), it.required)).collect();
        assert_eq!(
            properties,
            [
                ("from", "string".to_owned(), true),
                ("ripeness", "Ripeness".to_owned(), false),
                ("can", "{boolean}".to_owned(), false),
                ("apples", "[Tree]".to_owned(), false),
            ]
        );
        assert_eq!(sdk.enumerations[0].values, ["green", "red"]);
        let has = |text: &str| sdk.sentences.iter().any(|sentence| sentence.contains(text));
        assert!(has("trees that stand in an orchard") && has("Which ones") && has("What hangs on it"));
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_line() {
        for (from, to, expected) in [
            (
                "ids: Optional[mdls.DelimSequence[str]]",
                "ids: set[str]",
                "methods.py:14: this type is not understood: set[str]",
            ),
            ("query_params={\"ids\": ids}", "query_params={}", "methods.py:14: this argument goes nowhere"),
            ("# region Tree: All trees", "", "a method before the first region has no tag"),
            ("body=body", "body=str(body)", "the argument body of a request is not understood"),
            ("self.post(path", "self.send(path", "a method must send one request"),
        ] {
            let (_folder, wheel) = wheel(&METHODS.replace(from, to), MODELS);
            let problem = read(&wheel).unwrap_err();
            assert!(problem.contains(expected), "{expected}: {problem}");
        }
        let (_folder, wheel) = wheel(METHODS, &MODELS.replace("class Tree(model.Model)", "class Tree(dict)"));
        assert!(read(&wheel).unwrap_err().contains("this class is not understood"));
    }
}
