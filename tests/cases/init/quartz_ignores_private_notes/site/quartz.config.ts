const config = {
  configuration: {
    pageTitle: "Notes on light",
    locale: "en-US",
    baseUrl: "notes.example.org",
    ignorePatterns: ["private", "templates", ".obsidian"],
  },
}
