//! Files of a form.

use std::fmt;

use schemars::{Schema, SchemaGenerator};

use crate::Problem;
use crate::bindings::switchback::plugin::{incoming, types};
use crate::contract::{file_schema, object};

/// A file that came with a form.
///
/// An argument of this type is a file, and its name the form's field; `Option<Upload>` may be left out, `Vec<Upload>`
/// is several of one name. The content stays with the host until it is read.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Measure a file
/// #[post("/files")]
/// fn measure(file: Upload, #[form] note: Option<String>) -> Result<String, Problem> {
///     let content = file.read_all()?;
///     Ok(format!("{} bytes, {}", content.len(), note.unwrap_or_default()))
/// }
///
/// plugin! { title: "Files", routes: [measure] }
/// assert!(plugin().openapi().contains("multipart/form-data"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The form's field.
    pub field: String,
    /// The name that the client gave, unchanged: never use it as a path.
    pub file_name: Option<String>,
    /// The content type that the client gave.
    pub media_type: Option<String>,
    /// Its length in bytes.
    pub size: u32,
    content: Content,
}

/// Where the bytes are.
#[derive(Clone, PartialEq, Eq)]
enum Content {
    /// With the host, under this number.
    There(u32),
    /// Here, in a native test.
    Here {
        bytes: Vec<u8>,
        headers: Vec<(String, Vec<u8>)>,
    },
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Upload {
    /// A file for a native test.
    pub fn new(field: &str, file_name: &str, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        Upload {
            field: field.into(),
            file_name: Some(file_name.into()),
            media_type: None,
            size: u32::try_from(content.len()).unwrap_or(u32::MAX),
            content: Content::Here {
                bytes: content,
                headers: Vec::new(),
            },
        }
    }

    /// The same with the headers of its part.
    #[cfg(all(feature = "test", not(target_arch = "wasm32")))]
    pub(crate) fn with_headers(mut self, sent: Vec<(String, Vec<u8>)>) -> Self {
        if let Content::Here { headers, .. } = &mut self.content {
            *headers = sent;
        }
        self
    }

    /// Every header of the part in which it came: its name in lower case, its value as the exact bytes.
    pub fn headers(&self) -> Vec<(String, Vec<u8>)> {
        match &self.content {
            Content::There(index) => incoming::file_headers(*index),
            Content::Here { headers, .. } => headers.clone(),
        }
    }

    /// A file as the host tells of it.
    pub(crate) fn told(index: usize, file: types::File) -> Self {
        Upload {
            field: file.field,
            file_name: file.name,
            media_type: file.media_type,
            size: file.size,
            content: Content::There(u32::try_from(index).unwrap_or(u32::MAX)),
        }
    }

    /// At most `max` bytes from `offset`; nothing at the end.
    ///
    /// # Errors
    /// 413 or 408 if the host's limits of size or time were reached, 500 if it does not have the file.
    pub fn read(&self, offset: u32, max: u32) -> Result<Vec<u8>, Problem> {
        match &self.content {
            Content::There(index) => {
                incoming::read_file(*index, offset, max).map_err(|error| match error {
                    types::IoError::TooLarge => Problem::new(413, "the file is too large"),
                    types::IoError::TimedOut => Problem::new(408, "the file took too long"),
                    types::IoError::Closed | types::IoError::Other(_) => {
                        Problem::internal(&format!("reading file `{}`: {error:?}", self.field))
                    }
                })
            }
            Content::Here { bytes, .. } => {
                let from = bytes.len().min(offset as usize);
                let to = bytes.len().min(from.saturating_add(max as usize));
                Ok(bytes[from..to].to_vec())
            }
        }
    }

    /// The whole content.
    ///
    /// # Errors
    /// As [`read`](Upload::read).
    pub fn read_all(&self) -> Result<Vec<u8>, Problem> {
        let mut content = self.read(0, self.size)?;
        while content.len() < self.size as usize {
            // Both fit: the length is below a `u32`.
            let offset = content.len() as u32;
            let piece = self.read(offset, self.size - offset)?;
            if piece.is_empty() {
                break;
            }
            content.extend(piece);
        }
        Ok(content)
    }
}

/// What an argument for files can be: [`Upload`], `Option<Upload>`, `Vec<Upload>`, `Option<Vec<Upload>>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take files",
    label = "not a file's type",
    note = "there are `Upload`, `Option<Upload>`, `Vec<Upload>` and `Option<Vec<Upload>>`"
)]
pub trait Files: Sized {
    /// What the host checks.
    #[doc(hidden)]
    fn described(generator: &mut SchemaGenerator) -> Schema;

    /// Whether it may be left out.
    #[doc(hidden)]
    fn is_optional() -> bool {
        false
    }

    /// The files of one field; none if there are too few.
    fn take(files: Vec<Upload>) -> Option<Self>;
}

impl Files for Upload {
    fn described(_: &mut SchemaGenerator) -> Schema {
        file_schema()
    }

    fn take(mut files: Vec<Upload>) -> Option<Self> {
        // The last, as with any field that is sent twice.
        files.pop()
    }
}

impl Files for Vec<Upload> {
    fn described(_: &mut SchemaGenerator) -> Schema {
        let items = file_schema().to_value();
        let list = object([("type", "array".into()), ("items", items)]);
        Schema::try_from(list).expect("an object is a schema")
    }

    fn take(files: Vec<Upload>) -> Option<Self> {
        Some(files)
    }
}

impl<T: Files> Files for Option<T> {
    fn is_optional() -> bool {
        true
    }

    fn described(generator: &mut SchemaGenerator) -> Schema {
        T::described(generator)
    }

    fn take(files: Vec<Upload>) -> Option<Self> {
        Some(if files.is_empty() {
            None
        } else {
            T::take(files)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_in_pieces_and_whole() {
        let file = Upload::new("f", "a.txt", "hello");
        assert_eq!(file.read(1, 3).unwrap(), b"ell");
        assert_eq!(file.read(4, 9).unwrap(), b"o");
        assert_eq!(file.read(9, 9).unwrap(), b"");
        assert_eq!(file.read_all().unwrap(), b"hello");
    }
}
