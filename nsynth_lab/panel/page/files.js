/** Files on their way to the server: chosen with a button, dropped, or recorded here. */

/** The files of a drop. @param {DragEvent} event */
export const filesOf = (event) => [...(event.dataTransfer?.files ?? [])];

/**
 * A button by which files are chosen.
 *
 * @param {HTMLButtonElement} button @param {HTMLInputElement} input of the type file
 * @param {(files: File[]) => void} take
 */
export function chooser(button, input, take) {
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    input.value = ""; // so that the same file can be chosen again
  });
}

/**
 * Send a file. Returns the server's answer, or null if the file was not taken; then the player has been told why.
 *
 * @param {string} path @param {Blob} file @param {string} name
 * @param {{ say: (line: string) => void, mostBytes: number, tooLarge?: string, fields?: Record<string, string> }} how
 *   tooLarge: what to say after the limit
 * @returns {Promise<Record<string, string> | null>}
 */
export async function sent(path, file, name, { say, mostBytes, tooLarge = "", fields = {} }) {
  if (file.size > mostBytes) {
    say(`“${name}” is larger than ${mostBytes >> 20} MiB${tooLarge}`);
    return null;
  }
  const query = new URLSearchParams(location.search);
  for (const [field, value] of Object.entries({ name: name.slice(-200), ...fields })) query.set(field, value);
  try {
    const answer = await fetch(`${path}?${query}`, { method: "POST", body: file });
    if (answer.ok) return await answer.json();
    say(`“${name}”: ${(await answer.text()).trim() || "the server did not accept it"}`);
  } catch {
    say(`“${name}” could not be sent: nsynth-lab does not answer`);
  }
  return null;
}
