// Promote and roll back: both ask for a reason.

document.addEventListener("click", (event) => {
  const promote = event.target.closest("[data-promote]");
  if (promote) {
    const dialog = document.getElementById("promote");
    dialog.querySelector("form").dataset.post = `/api/models/${encodeURIComponent(promote.dataset.promote)}/promote`;
    document.getElementById("promote-model").textContent = promote.dataset.promote;
    dialog.showModal();
  }
  if (event.target.closest("[data-rollback]")) document.getElementById("rollback").showModal();
});
