import { watch } from "./changes.js";

watch(location.href);
