// Runs the real programs for the tests: fills a store, serves it on a free port of the loopback.
//
// ONEMAP_IMPORT_BIN and ONEMAP_SERVE_BIN name the programs (default: target/debug); ONEMAP_URL a server that already
// runs on a sample store, which is then used instead.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const WORKSPACE = resolve(import.meta.dirname, "../..");
const READY_MS = 180_000;

/** Serves a sample city of `parcels`; gives its URL and how to stop it; where it is our own, also its store, and how to pause and start the server. */
export async function serveSample(parcels) {
  if (process.env.ONEMAP_URL) return { url: process.env.ONEMAP_URL.replace(/\/$/, ""), stop: () => {} };
  return serveOwnSample(parcels);
}

/** As `serveSample`, never on a server that runs already: for tests that edit. */
export async function serveOwnSample(parcels) {
  return serveStore((store) => ["sample", "--features", String(parcels), "--to", store]);
}

/** Serves what `onemap-import load` makes of a file. */
export async function serveFile(file, ...options) {
  return serveStore((store) => ["load", file, "--to", store, ...options]);
}

/** A file of ../shared; null, after saying so, where it is not there and this is not CI. */
export function sharedFile(t, path) {
  const shared = process.env.ONEMAP_SHARED ?? resolve(WORKSPACE, "../shared");
  const file = join(shared, path);
  if (existsSync(file)) return file;
  if (process.env.CI) throw new Error(`${file} is not here, and CI needs it`);
  console.log(`skipped: ${t.name}: ../shared is not here`);
  t.skip("../shared is not here");
  return null;
}

async function serveStore(importArguments) {
  const folder = mkdtempSync(join(tmpdir(), "onemap-viewer-"));
  const store = join(folder, "city.gpkg");
  const imported = spawnSync(program("ONEMAP_IMPORT_BIN", "onemap-import"), importArguments(store), { encoding: "utf8" });
  if (imported.status !== 0) throw new Error(`onemap-import failed (${imported.status}): ${imported.stderr}${imported.error ?? ""}`);
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  let server;
  const pause = async () => {
    if (server.exitCode !== null) return;
    server.kill("SIGTERM");
    await new Promise((done) => server.once("exit", done));
  };
  const stop = async () => {
    await pause();
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async () => {
    server = spawn(program("ONEMAP_SERVE_BIN", "onemap-serve"), [store, "--listen", address], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    server.stderr.setEncoding("utf8").on("data", (text) => (log = (log + text).slice(-4000)));
    try {
      await ready(url, server);
    } catch (failure) {
      await stop();
      throw new Error(`${failure.message}; it said: ${log}`);
    }
  };
  await start();
  return { url, store, pause, start, stop };
}

/** Edits a store as another program does; gives how many rows were changed. */
export function edit(store, sql) {
  const edited = spawnSync("python3", [join(import.meta.dirname, "edit.py"), store, sql], { encoding: "utf8" });
  if (edited.status !== 0) throw new Error(`the edit failed: ${edited.stderr}${edited.error ?? ""}`);
  return Number(edited.stdout);
}

/** Runs `onemap-import`. */
export function load(...options) {
  const loaded = spawnSync(program("ONEMAP_IMPORT_BIN", "onemap-import"), ["load", ...options], { encoding: "utf8" });
  if (loaded.status !== 0) throw new Error(`onemap-import failed (${loaded.status}): ${loaded.stderr}`);
}

function program(variable, name) {
  const path = process.env[variable] ?? join(process.env.CARGO_TARGET_DIR ?? join(WORKSPACE, "target"), "debug", name);
  if (!existsSync(path)) throw new Error(`${path} is not here: build it (cargo build -p onemap-importer -p onemap-tile-server), or name it with ${variable}`);
  return path;
}

async function ready(url, server) {
  const end = Date.now() + READY_MS;
  while (Date.now() < end) {
    if (server.exitCode !== null) throw new Error(`onemap-serve ended with ${server.exitCode}`);
    const isReady = await fetch(`${url}/health/ready`).then(({ ok }) => ok, () => false);
    if (isReady) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`onemap-serve is not ready after ${READY_MS} ms`);
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}
