"use strict";
class Compared {}
