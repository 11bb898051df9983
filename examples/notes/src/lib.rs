//! Notes, kept in memory: to create, list, read, replace, change and delete.

use std::collections::BTreeMap;

use switchback_sdk::prelude::*;

/// What is written in a note.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Note {
    #[schemars(length(min = 1, max = 100))]
    title: String,
    #[serde(default)]
    #[schemars(length(max = 10_000))]
    text: String,
    /// The day on which it begins to matter, counted from the first.
    #[serde(default)]
    from: Option<u32>,
    /// The last day on which it matters; not before `from`.
    #[serde(default)]
    until: Option<u32>,
}

/// A note that is kept, under its number.
#[derive(Serialize, JsonSchema)]
struct Kept {
    id: u32,
    #[serde(flatten)]
    note: Note,
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, JsonSchema)]
struct Change {
    #[schemars(length(min = 1, max = 100))]
    title: Option<String>,
    #[schemars(length(max = 10_000))]
    text: Option<String>,
    from: Option<u32>,
    until: Option<u32>,
}

/// Some of the notes.
#[derive(Serialize, JsonSchema)]
struct Page {
    /// How many there are in all.
    total: usize,
    notes: Vec<Kept>,
}

#[derive(Responses)]
enum NoteError {
    /// There is no such note
    #[status(404)]
    NotFound,
    /// Another note has this title
    #[status(409)]
    TitleTaken { id: u32 },
    #[from]
    Invalid(Violation),
}

/// All that is kept. There is one instance (see `plugin!` below), so everybody sees the same notes, until this plugin
/// is replaced or the host stops.
static NOTES: State<Notes> = State::new(Notes::default);

#[derive(Default)]
struct Notes {
    by_id: BTreeMap<u32, Note>,
    last_id: u32,
}

impl Notes {
    /// What no schema can say: of two fields together, and of one note beside the others.
    fn check(&self, note: &Note, own_id: Option<u32>) -> Result<(), NoteError> {
        if let (Some(from), Some(until)) = (note.from, note.until)
            && until < from
        {
            Err(Violation::at("body.until", "must not be before `from`").input(&until))?;
        }
        let mut others = self.by_id.iter().filter(|(id, _)| Some(**id) != own_id);
        match others.find(|(_, other)| other.title == note.title) {
            Some((id, _)) => Err(NoteError::TitleTaken { id: *id }),
            None => Ok(()),
        }
    }

    fn find(&mut self, id: u32) -> Result<&mut Note, NoteError> {
        self.by_id.get_mut(&id).ok_or(NoteError::NotFound)
    }
}

/// List notes
#[get("/notes", tags = ["notes"])]
fn list_notes(
    /// How many at most.
    #[query(ge = 1, le = 100, default = 10)]
    limit: u32,
    /// How many to leave out from the beginning.
    #[query(default = 0)]
    offset: u32,
) -> Page {
    let notes = NOTES.borrow();
    let some = notes
        .by_id
        .iter()
        .skip(offset as usize)
        .take(limit as usize);
    Page {
        total: notes.by_id.len(),
        notes: some
            .map(|(id, note)| Kept {
                id: *id,
                note: note.clone(),
            })
            .collect(),
    }
}

/// Create a note
#[post("/notes", tags = ["notes"], status = 201)]
fn create_note(note: Json<Note>) -> Result<With<Json<Kept>>, NoteError> {
    let Json(note) = note;
    let mut notes = NOTES.borrow_mut();
    notes.check(&note, None)?;
    notes.last_id += 1;
    let id = notes.last_id;
    notes.by_id.insert(id, note.clone());
    info!(id, "created a note");
    Ok(With::new(Json(Kept { id, note }))
        .header("location", &format!("{}/notes/{id}", incoming::prefix())))
}

/// Read a note
#[get("/notes/{id}", tags = ["notes"])]
fn read_note(id: u32) -> Result<Json<Kept>, NoteError> {
    let note = NOTES.borrow_mut().find(id)?.clone();
    Ok(Json(Kept { id, note }))
}

/// Replace a note
///
/// Whole: what is left out is empty afterwards.
#[put("/notes/{id}", tags = ["notes"])]
fn replace_note(id: u32, note: Json<Note>) -> Result<Json<Kept>, NoteError> {
    let Json(note) = note;
    let mut notes = NOTES.borrow_mut();
    notes.find(id)?;
    notes.check(&note, Some(id))?;
    notes.by_id.insert(id, note.clone());
    Ok(Json(Kept { id, note }))
}

/// Change a note
///
/// What is left out stays as it is.
#[patch("/notes/{id}", tags = ["notes"])]
fn change_note(id: u32, change: Json<Change>) -> Result<Json<Kept>, NoteError> {
    let Json(change) = change;
    let mut notes = NOTES.borrow_mut();
    let old = notes.find(id)?.clone();
    let note = Note {
        title: change.title.unwrap_or(old.title),
        text: change.text.unwrap_or(old.text),
        from: change.from.or(old.from),
        until: change.until.or(old.until),
    };
    notes.check(&note, Some(id))?;
    notes.by_id.insert(id, note.clone());
    Ok(Json(Kept { id, note }))
}

/// Delete a note
#[delete("/notes/{id}", tags = ["notes"], status = 204)]
fn delete_note(id: u32) -> Result<(), NoteError> {
    match NOTES.borrow_mut().by_id.remove(&id) {
        Some(_) => Ok(()),
        None => Err(NoteError::NotFound),
    }
}

plugin! {
    title: "Notes",
    instances: 1,
    routes: [list_notes, create_note, read_note, replace_note, change_note, delete_note],
}
