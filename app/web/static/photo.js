// A photo for a finding: made smaller here (which also drops where it was taken), then sent.

import { ask } from "./live.js";
import { say } from "./words.js";

const LONGEST = 1600;
const field = document.getElementById("photo");
const preview = document.getElementById("preview");
const output = document.querySelector("#finding output");
const name = document.querySelector("#finding [name=photo]");
const button = document.querySelector("#finding button");

async function smaller(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  preview.replaceChildren(canvas);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
}

// A hidden field keeps its value over a reset.
field?.form.addEventListener("reset", () => { name.value = ""; });
field?.addEventListener("change", async () => {
  preview.replaceChildren();
  name.value = "";
  if (!field.files.length) return;
  button.disabled = true;
  output.textContent = say("photo_goes");
  try {
    const picture = await smaller(field.files[0]);
    const [done, answer] = await ask("POST", `/api/vehicles/${encodeURIComponent(field.dataset.vehicle)}/photos`, picture);
    name.value = done ? answer.photo : "";
    output.textContent = done ? say("photo_kept") : answer.detail;
  } catch {
    output.textContent = say("photo_unread");
  } finally {
    button.disabled = false;
  }
});
