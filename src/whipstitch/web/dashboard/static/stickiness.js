// Stickiness: in how many days, weeks or months people come.

import { activityPage } from "./activity_page.js";
import { view } from "./stickiness_view.js";

activityPage(view);
