// What is checked in the dashboard's scripts and the web client: mistakes, not looks.

import js from "@eslint/js";
import globals from "globals";
import typescript from "typescript-eslint";

export default [
  { ignores: ["src/whipstitch/ingest/http/w.js"] }, // built from clients/web
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    languageOptions: { parser: typescript.parser },
    // TypeScript finds these itself, and knows of types.
    rules: { "no-undef": "off", "no-unused-vars": "off" },
  },
  {
    files: ["**/*.js", "**/*.ts"],
    languageOptions: { ecmaVersion: "latest", sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      "default-case-last": "error",
      eqeqeq: "error",
      "no-alert": "error",
      "no-constructor-return": "error",
      "no-duplicate-imports": "error",
      "no-else-return": "error",
      "no-eval": "error",
      "no-implicit-globals": "error",
      "no-implied-eval": "error",
      "no-lonely-if": "error",
      "no-new-func": "error",
      "no-promise-executor-return": "error",
      "no-script-url": "error",
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-template-curly-in-string": "error",
      "no-throw-literal": "error",
      "no-unmodified-loop-condition": "error",
      "no-unreachable-loop": "error",
      "no-unused-expressions": "error",
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-promise-reject-errors": "error",
      radix: "error",
    },
  },
];
