// Starts Scalar with all that would leave this host turned off: fonts, telemetry, proxy, agent, client, SDK offers.
"use strict";

Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: "",
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: "never",
  persistAuth: false,
  customCss: ".selected-client-row .scalar-button-gradient { display: none; }",
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
});
