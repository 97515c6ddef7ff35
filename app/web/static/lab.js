// Promote, withdraw and roll back: each asks for a reason.

document.addEventListener("click", (event) => {
  const promote = event.target.closest("[data-promote]");
  if (promote) {
    const dialog = document.getElementById("promote");
    dialog.querySelector("form").dataset.post = `/api/models/${encodeURIComponent(promote.dataset.promote)}/promote`;
    document.getElementById("promote-model").textContent = promote.dataset.promote;
    dialog.showModal();
  }
  const withdraw = event.target.closest("[data-withdraw]");
  if (withdraw) {
    const dialog = document.getElementById("withdraw");
    dialog.querySelector("[name=alias]").value = withdraw.dataset.withdraw;
    document.getElementById("withdraw-model").textContent = withdraw.dataset.model;
    dialog.showModal();
  }
  if (event.target.closest("[data-rollback]")) document.getElementById("rollback").showModal();
});
