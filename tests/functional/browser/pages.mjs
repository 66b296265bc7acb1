// Opens the server's pages in Chromium as a person would, and prints what there is to see, as JSON.
//   node pages.mjs URL SCENARIO, with the scenario's arguments as JSON on standard input
import {mkdtempSync, readFileSync, rmSync} from "node:fs";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {chromium} from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [url, scenario] = process.argv.slice(2);
const given = JSON.parse(readFileSync(0, "utf8"));
const seen = {console: [], requests: []};

/** Drops files on the page, as from a file manager. */
async function drop(page, files) {
  const transfer = await page.evaluateHandle(files => {
    const transfer = new DataTransfer();
    for (const {name, type, base64} of files) {
      transfer.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], name, {type}));
    }
    return transfer;
  }, files);
  await page.dispatchEvent("#drop", "dragover", {dataTransfer: transfer});
  await page.dispatchEvent("#drop", "drop", {dataTransfer: transfer});
}

/** What is wrong for people who use a keyboard, a screen reader or need contrast. */
async function accessibility(page) {
  await page.evaluate(axe);
  const {violations} = await page.evaluate(() => axe.run());
  return violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(node => `${node.target} ${node.failureSummary}`).join("; ")}`);
}

const look = page => page.evaluate(() => ({
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  background: getComputedStyle(document.body).backgroundColor,
}));

const scenarios = {
  async playground(page) {
    await page.goto(url);
    await page.waitForFunction(() => document.getElementById("model").textContent !== "");
    const before = {...await look(page), accessibility: await accessibility(page), disabled: await page.isDisabled("#compare"),
      notice: await page.textContent("#notice"), nothing: await page.isVisible("#empty")};
    await page.focus("#captions");
    await page.keyboard.type(given.captions.join("\n"));
    await drop(page, given.files);
    await page.waitForSelector("#matrix:not([hidden])");
    // Once more, from the keyboard.
    await page.focus("#captions");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\n" + given.last_caption);
    const answered = page.waitForResponse("**/similarity");
    await page.keyboard.press("Control+Enter");
    await answered;
    await page.waitForFunction(wanted => document.querySelectorAll("#table thead th").length === wanted, given.captions.length + 2);
    await page.screenshot({path: given.screenshot, fullPage: true});
    const result = await page.evaluate(() => ({
      status: document.getElementById("status").textContent,
      cards: [...document.querySelectorAll(".match")].map(card => ({
        title: card.querySelector("h3").textContent,
        file: card.querySelector(".file").textContent,
        bars: [...card.querySelectorAll(".bar")].map(bar => ({
          name: bar.querySelector(".name").textContent,
          probability: bar.querySelector(".value").firstChild.textContent,
          cosine: bar.querySelector("small").textContent,
          part: bar.querySelector(".fill").getBoundingClientRect().width / bar.querySelector(".track").clientWidth,
        })),
      })),
      cells: [...document.querySelectorAll("#table tbody tr")].map(row => [...row.querySelectorAll("td b")].map(cell => cell.textContent)),
      warm: [...document.querySelectorAll("#table td")].map(cell => getComputedStyle(cell).backgroundColor),
      stages: [...document.querySelectorAll("#stages dt")].map(stage => stage.textContent),
      total: document.getElementById("total").textContent,
      curl: document.getElementById("curl").textContent,
    }));
    await page.check("input[value=probabilities]", {force: true});
    result.probabilities = await page.evaluate(() => [...document.querySelectorAll("#table tbody tr")].map(row => [...row.querySelectorAll("td b")].map(cell => cell.textContent)));
    const after = {...await look(page), accessibility: await accessibility(page)};
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.click("#copy");
    await page.waitForFunction(() => document.getElementById("copy").textContent === "Copied");
    result.copied = await page.evaluate(() => navigator.clipboard.readText());
    return {before, after, result};
  },

  /** Images only, captions only, the example, and an image taken back. */
  async others(page) {
    const sides = () => page.evaluate(() => ({
      title: document.getElementById("best-title").textContent,
      cards: document.querySelectorAll(".match").length,
      rows: document.querySelectorAll("#table tbody tr").length,
      columns: document.querySelectorAll("#table thead th").length - 1,
      choice: !document.getElementById("measure").hidden,
    }));
    const found = {};
    await page.goto(url);
    await page.setInputFiles("#files", given.files.map(({name, type, base64}) => ({name, mimeType: type, buffer: Buffer.from(base64, "base64")})));
    await page.waitForSelector("#matrix:not([hidden])");
    found.images = await sides();
    for (let left = given.files.length; left > 0; --left) await page.click(".remove");
    found.thumbs = await page.locator("#thumbs li").count();
    await page.fill("#captions", "a cat\n\n  a dog \n");
    const answered = page.waitForResponse("**/similarity");
    await page.click("#compare");
    await answered;
    await page.waitForFunction(() => document.getElementById("best-title").textContent.includes("caption"));
    found.captions = await sides();
    await page.click("#example");
    await page.waitForFunction(() => document.querySelectorAll(".match img").length === 3);
    found.example = await sides();
    return found;
  },

  async errors(page) {
    const alert = () => page.textContent("#error");
    const found = {};
    await page.goto(url);
    await page.fill("#captions", "a cat\na dog");
    await drop(page, given.files);
    await page.waitForSelector("#error .error");
    found.broken = await alert();
    found.marked = await page.locator(".thumbs .faulty").count();
    found.accessibility = await accessibility(page);
    await drop(page, [{name: "notes.txt", type: "text/plain", base64: "YQ=="}]);
    found.noImage = await alert();
    while (await page.locator(".remove").count()) await page.click(".remove");
    await page.route("**/similarity", route => route.abort());
    await page.click("#compare");
    await page.waitForFunction(() => document.getElementById("error").textContent.includes("No answer"));
    found.gone = await alert();
    found.button = await page.textContent("#compare");
    return found;
  },

  /** A server that asks for a key: the page asks for it in turn. */
  async keyed(page) {
    const alert = () => page.textContent("#error");
    const found = {};
    await page.goto(url);
    await page.waitForSelector("#key-field:not([hidden])");
    found.accessibility = await accessibility(page);
    await page.fill("#captions", "a cat\na dog");
    const compare = async () => {
      const answered = page.waitForResponse("**/similarity");
      await page.click("#compare");
      await answered;
    };
    await compare();
    await page.waitForSelector("#error .error");
    found.without = await alert();
    await page.fill("#key", "no such key");
    await compare();
    await page.waitForFunction(() => document.getElementById("error").textContent.includes("does not know"));
    await page.fill("#key", given.key);
    await compare();
    await page.waitForSelector("#matrix:not([hidden])");
    await page.waitForFunction(() => document.getElementById("model").textContent !== "");
    found.after = await alert();
    found.curl = await page.textContent("#curl");
    await page.screenshot({path: given.screenshot, fullPage: true});
    return found;
  },

  async docs(page) {
    await page.goto(url + "/docs");
    await page.waitForSelector("article");
    const all = {...await look(page), accessibility: await accessibility(page)};
    await page.screenshot({path: given.screenshot});
    const found = await page.evaluate(() => ({
      articles: [...document.querySelectorAll("article")].map(article => article.id),
      commands: [...document.querySelectorAll("figure code")].map(code => code.textContent),
    }));
    await page.fill("#search", "label registers");
    found.searched = await page.locator("article:visible").evaluateAll(articles => articles.map(article => article.id));
    found.links = await page.locator("nav li:visible").count();
    await page.fill("#search", "no such word anywhere");
    found.nothing = await page.textContent("#none");
    return {all, found};
  },
};

const profile = mkdtempSync(join(tmpdir(), "pages-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: given.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
  viewport: {width: given.width, height: 900}, colorScheme: given.scheme, reducedMotion: "reduce",
});
try {
  const page = await context.newPage();
  page.setDefaultTimeout(90000);
  page.on("console", message => { if (["error", "warning"].includes(message.type())) seen.console.push(message.text()); });
  page.on("pageerror", error => seen.console.push(String(error)));
  page.on("request", request => seen.requests.push(request.url()));
  const found = await scenarios[scenario](page);
  console.log(JSON.stringify({...found, ...seen}));
} finally {
  await context.close();
  rmSync(profile, {recursive: true, force: true});
}
