//! STUB
pub(crate) fn answer(
    _p: &str,
    _h: &http::HeaderMap,
    _c: &crate::config::HostConfig,
) -> Option<http::Response<bytes::Bytes>> {
    None
}
