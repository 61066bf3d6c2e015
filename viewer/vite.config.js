// The build lies one folder below the server's root, wherever a proxy puts that (index.html's <base>); everything is bundled, nothing comes from elsewhere at run time.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    // MapLibre alone is over Vite's warning limit; it is needed before anything shows, so splitting gains nothing.
    chunkSizeWarningLimit: 1600,
    // No data: URLs in scripts and styles beyond MapLibre's own: the content security policy stays short.
    assetsInlineLimit: 0,
    // The licences of what is bundled travel with it.
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      output: {
        // MapLibre's worker is named .mjs, which not every server calls JavaScript.
        assetFileNames: ({ names }) => (names[0]?.endsWith(".mjs") ? "assets/[name]-[hash].js" : "assets/[name]-[hash][extname]"),
      },
    },
  },
});
