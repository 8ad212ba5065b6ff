// A place to drop pictures. Sends the files to the server, a few at a time.

export default (component) => mount(DropZone, component);

const AT_ONCE = 3; // files that are sent at the same time
const ATTEMPTS = 3; // to send a file over a connection that breaks
const NAMED = 1000; // files that are named for one reason
const HIDDEN = /^(\.|__MACOSX$|Thumbs\.db$|desktop\.ini$)/i; // files and folders that systems make for themselves

class DropZone extends View {
  constructor(root) {
    super(root);
    this.find = (selector) => root.querySelector(selector);
    const [files, folder] = root.querySelectorAll("input");
    this.find("button.files").onclick = () => files.click();
    this.find("button.folder").onclick = () => folder.click();
    this.find("button.folder").hidden = matchMedia("(hover: none)").matches; // phones choose no folders
    for (const input of [files, folder]) {
      input.onchange = () => {
        this.take([...input.files].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
        input.value = "";
      };
    }
    this.find(".cancel").onclick = () => this.cancel();
    this.listening = new AbortController();
    for (const event of ["dragover", "dragleave", "drop"]) {
      addEventListener(event, (drag) => this.drag(drag), { signal: this.listening.signal });
    }
  }

  leave() {
    super.leave();
    this.listening.abort();
    if (this.sending) this.cancel();
  }

  show(data) {
    Object.assign(this, data);
    if (!this.sending) this.display(".zone");
  }

  display(selector) {
    for (const part of [".zone", ".sending"]) this.find(part).hidden = part !== selector;
  }

  tell(error) {
    this.find(".error").textContent = error;
    this.find(".error").hidden = !error;
  }

  async drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // the browser would leave the page and show the file
    this.find(".zone").classList.toggle("over", event.type === "dragover");
    if (event.type !== "drop" || this.sending) return;
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry()); // before the first await, which ends the event
    this.take((await Promise.all(entries.filter(Boolean).map((entry) => filesOf(entry)))).flat());
  }

  // ---- sending -----------------------------------------------------------------------------------------------------

  async take(all) {
    if (this.sending) return;
    const found = all.filter(({ name }) => !name.split("/").some((part) => HIDDEN.test(part)));
    this.tell(found.length ? "" : "There is no file in it.");
    if (!found.length) return;
    const numbers = crypto.getRandomValues(new Uint8Array(16));
    const draft = [...numbers].map((number) => number.toString(16).padStart(2, "0")).join("");
    const now = (this.sending = { draft, requests: new Set(), done: 0, sent: 0, refused: {}, began: performance.now() });
    now.queue = found.filter((item) => this.accepts(item));
    now.count = now.queue.length;
    now.total = now.queue.reduce((sum, { file }) => sum + file.size, 0);
    this.display(".sending");
    this.progress();
    now.timer = setInterval(() => this.progress(), 250);
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.work(now)));
    clearInterval(now.timer);
    if (this.sending !== now) return; // cancelled
    if (now.failure || now.kept === undefined) return this.fail(now.failure ?? firstReason(now.refused));
    this.find(".told").textContent = "Opening the pictures";
    this.trigger("done", { draft, name: nameOf(found.map(({ name }) => name)), refused: now.refused });
    this.sending = null;
  }

  accepts({ name, file }) {
    if (!file) this.refuse(name, "cannot be read");
    else if (/^(video|audio)\//.test(file.type)) this.refuse(name, file.type.startsWith("v") ? "a video" : "a sound");
    else if (file.size > this.mostBytes) this.refuse(name, `larger than ${this.mostBytes / 1e6} MB`);
    else return true;
    return false;
  }

  refuse(name, reason) {
    const names = (this.sending.refused[reason] ??= []);
    if (names.length < NAMED) names.push(name);
  }

  async work(now) {
    for (let item = now.queue.shift(); item && this.sending === now && !now.failure; item = now.queue.shift()) {
      let answer = { status: 0 };
      for (let attempt = 0; attempt < ATTEMPTS && answer.status === 0 && this.sending === now; attempt++) {
        if (attempt) await new Promise((resolve) => setTimeout(resolve, 1000 * attempt));
        answer = await this.send(now, item);
      }
      if (this.sending !== now) return;
      if (answer.status === 204) now.kept = true;
      else if (answer.status === 0) this.refuse(item.name, "did not arrive: the connection broke, or the file changed");
      else if (answer.status === 413) this.refuse(item.name, answer.text);
      else now.failure = answer.text || `The server answered ${answer.status}`;
      now.done += 1;
      now.sent += item.file.size;
    }
  }

  // The answer to one file: { status, text }, with the status 0 if there is none.
  send(now, { name, file }) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const query = new URLSearchParams({ draft: now.draft, name, total: now.total });
      request.open("PUT", `${this.path}?${query}`);
      request.setRequestHeader("X-Upload-Token", this.token);
      request.upload.onprogress = ({ loaded }) => (request.loaded = Math.min(loaded, file.size));
      request.onloadend = () => {
        now.requests.delete(request);
        resolve({ status: request.status, text: request.responseText });
      };
      now.requests.add(request);
      request.send(file);
    });
  }

  progress() {
    const { done, count, sent, total, began, requests } = this.sending ?? {};
    if (!requests) return;
    const arrived = [...requests].reduce((sum, { loaded = 0 }) => sum + loaded, sent);
    const share = total ? arrived / total : 0;
    const seconds = (performance.now() - began) / 1000;
    const left = seconds > 1 && share > 0.02 ? Math.ceil((seconds / share) * (1 - share)) : null;
    const time = left === null ? "" : ` · ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
    this.find("progress").value = share;
    this.find(".told").textContent = `Copying ${Math.min(done + 1, count)} of ${count}${time}`;
  }

  fail(reason) {
    this.cancel();
    this.tell(`${reason.replace(/\.$/, "")}. Nothing was kept.`);
  }

  cancel() {
    const { draft, requests, timer } = this.sending;
    this.sending = null;
    clearInterval(timer);
    for (const request of requests) request.abort();
    this.trigger("cancelled", draft);
    this.display(".zone");
  }
}

// The files below a dropped entry as [{ name, file }], with file null if it cannot be read.
async function filesOf(entry, parent = "") {
  const name = parent + entry.name;
  try {
    if (entry.isFile) return [{ name, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) }];
    const reader = entry.createReader();
    const found = [];
    let some; // a reader gives at most 100 entries at a time, and none at the end
    do {
      some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      found.push(...some);
    } while (some.length);
    return (await Promise.all(found.map((inner) => filesOf(inner, `${name}/`)))).flat();
  } catch {
    return [{ name, file: null }];
  }
}

// The name of the only folder or zip file, or of the first folders.
function nameOf(names) {
  const folders = [...new Set(names.filter((name) => name.includes("/")).map((name) => name.split("/")[0]))];
  if (folders.length) return folders.slice(0, 3).join(" and ");
  return names.length === 1 ? names[0].replace(/\.[^.]*$/, "") : "pictures";
}

// Why no file has arrived, from the first one.
function firstReason(refused) {
  const [reason, names] = Object.entries(refused)[0];
  return `No picture has arrived: ${names[0]} (${reason})`;
}
