//! The kinds of change, and what each does to whom.

use super::Verdict;

/// Which way values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Request,
    Answer,
}

/// A rule's name in a request, and in an answer.
pub(super) type Pair = [&'static str; 2];

macro_rules! both {
    ($kind:literal) => {
        [concat!("request-", $kind), concat!("answer-", $kind)]
    };
}
pub(super) use both;

/// What a change of a schema does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Fewer values fit.
    Narrows,
    /// More values fit.
    Widens,
    /// Other values fit.
    Either,
    /// Other values may fit.
    UnsureOfValues,
    Breaks,
    /// In an answer nobody can tell.
    BreaksRequests,
    /// In an answer it harms nobody.
    BreaksRequestsOnly,
    /// In a request it harms nobody.
    BreaksAnswersOnly,
    Harmless,
    Unsure,
    UnsureInAnswers,
}

impl Effect {
    /// Whether it is about which values fit, so that it can be asked of the schemas.
    pub(super) fn is_of_values(self) -> bool {
        matches!(
            self,
            Effect::Narrows | Effect::Widens | Effect::Either | Effect::UnsureOfValues
        )
    }

    pub(super) fn verdict(self, way: Way) -> Verdict {
        match (self, way) {
            (Effect::Narrows, Way::Request)
            | (Effect::Widens, Way::Answer)
            | (Effect::Either | Effect::Breaks, _)
            | (Effect::BreaksAnswersOnly, Way::Answer)
            | (Effect::BreaksRequests | Effect::BreaksRequestsOnly, Way::Request) => {
                Verdict::Breaking
            }
            (Effect::Narrows, Way::Answer)
            | (Effect::Widens | Effect::UnsureInAnswers, Way::Request)
            | (Effect::BreaksRequestsOnly, Way::Answer)
            | (Effect::BreaksAnswersOnly, Way::Request)
            | (Effect::Harmless, _) => Verdict::Harmless,
            (Effect::BreaksRequests | Effect::UnsureInAnswers, Way::Answer)
            | (Effect::Unsure | Effect::UnsureOfValues, _) => Verdict::Unknown,
        }
    }
}

/// Every rule there is, as `docs/changes.md` lists them.
#[cfg(test)]
pub(super) const RULES: &[&str] = &[
    "contract-there",
    "prefix-changed",
    "too-large",
    "webhooks-changed",
    "servers-changed",
    "docs-changed",
    "operation-removed",
    "operation-added",
    "operation-id-changed",
    "operation-deprecated",
    "operation-undeprecated",
    "callbacks-changed",
    "extension-changed",
    "path-parameter-renamed",
    "path-parameter-narrowed",
    "path-parameter-widened",
    "parameter-removed",
    "required-parameter-added",
    "optional-parameter-added",
    "parameter-became-required",
    "parameter-became-optional",
    "parameter-style-changed",
    "part-deprecated",
    "part-undeprecated",
    "body-removed",
    "required-body-added",
    "optional-body-added",
    "body-became-required",
    "body-became-optional",
    "encoding-changed",
    "request-media-type-removed",
    "answer-media-type-removed",
    "request-media-type-added",
    "answer-media-type-added",
    "success-answer-removed",
    "success-answer-added",
    "other-answer-removed",
    "other-answer-added",
    "required-header-removed",
    "optional-header-removed",
    "header-added",
    "header-became-optional",
    "header-became-required",
    "security-tightened",
    "security-loosened",
    "security-scheme-changed",
    "request-type-narrowed",
    "answer-type-narrowed",
    "request-type-widened",
    "answer-type-widened",
    "request-type-changed",
    "answer-type-changed",
    "request-null-removed",
    "answer-null-removed",
    "request-null-added",
    "answer-null-added",
    "request-value-removed",
    "answer-value-removed",
    "request-value-added",
    "answer-value-added",
    "request-values-listed",
    "answer-values-listed",
    "request-values-unlisted",
    "answer-values-unlisted",
    "request-limit-tightened",
    "answer-limit-tightened",
    "request-limit-loosened",
    "answer-limit-loosened",
    "request-limit-changed",
    "answer-limit-changed",
    "request-pattern-added",
    "answer-pattern-added",
    "request-pattern-removed",
    "answer-pattern-removed",
    "request-pattern-changed",
    "answer-pattern-changed",
    "request-format-added",
    "answer-format-added",
    "request-format-removed",
    "answer-format-removed",
    "request-format-changed",
    "answer-format-changed",
    "request-content-changed",
    "answer-content-changed",
    "request-strict-added",
    "answer-strict-added",
    "request-strict-removed",
    "answer-strict-removed",
    "request-decimal-added",
    "answer-decimal-added",
    "request-decimal-removed",
    "answer-decimal-removed",
    "request-keys-added",
    "answer-keys-added",
    "request-keys-removed",
    "answer-keys-removed",
    "request-required-property-added",
    "answer-required-property-added",
    "request-optional-property-added",
    "answer-optional-property-added",
    "request-required-property-removed",
    "answer-required-property-removed",
    "request-optional-property-removed",
    "answer-optional-property-removed",
    "request-property-became-required",
    "answer-property-became-required",
    "request-property-became-optional",
    "answer-property-became-optional",
    "request-other-properties-narrowed",
    "answer-other-properties-narrowed",
    "request-other-properties-widened",
    "answer-other-properties-widened",
    "request-items-narrowed",
    "answer-items-narrowed",
    "request-items-widened",
    "answer-items-widened",
    "request-variant-removed",
    "answer-variant-removed",
    "request-variant-added",
    "answer-variant-added",
    "request-schema-narrowed",
    "answer-schema-narrowed",
    "request-schema-widened",
    "answer-schema-widened",
    "request-schema-undecided",
    "answer-schema-undecided",
    "request-default-changed",
    "request-default-added",
    "request-default-removed",
    "request-access-changed",
    "answer-access-changed",
    "request-discriminator-changed",
    "answer-discriminator-changed",
];
