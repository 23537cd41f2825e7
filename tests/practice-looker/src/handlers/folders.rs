pub(super) fn handle(_: &mut crate::state::State, _: &crate::call::Call) -> super::Handled {
    None
}
