;;; handover-mode.el --- Failover plans  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT OR Apache-2.0
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: languages

;;; Commentary:

;; A mode for the plans of handover, `.ha' files: colours, comments, indentation, an outline.  All else comes from the
;; language server, `handover lsp': M-x eglot.  Eglot is part of Emacs 29; for Emacs 28 it is a package.
;;
;;   (add-to-list 'load-path "…/editors/emacs")
;;   (require 'handover-mode)
;;   (add-hook 'handover-mode-hook #'eglot-ensure)

;;; Code:

(require 'seq)

(defgroup handover nil
  "Failover plans."
  :group 'languages)

(defcustom handover-program "handover"
  "The program `handover': a path, or a name that is looked up in `exec-path'."
  :type 'string)

(defcustom handover-indent-offset 2
  "How many columns a level is indented; `handover fmt' has 2."
  :type 'natnum
  :safe #'natnump)

;;;; Syntax

(defvar handover-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?\\ "\\" table)
    ;; A path such as `from.manager' is one symbol: what follows a dot is never a word of the language.
    (dolist (sign '(?_ ?- ?.)) (modify-syntax-entry sign "_" table))
    (dolist (sign '(?= ?< ?> ?! ?, ?: ?/ ?' ?& ?| ?* ?+ ?$ ?%)) (modify-syntax-entry sign "." table))
    table)
  "What characters are in `.ha' files.")

(defun handover--block-strings (start end)
  "Mark the strings between three quotes from START to END.
Nothing is escaped in them."
  (goto-char start)
  (while (re-search-forward "\"\"\"\\|\\\\" end t)
    (let* ((at (match-beginning 0))
           (last (1- (match-end 0)))
           (state (save-excursion (syntax-ppss at)))
           (string (nth 3 state)))
      (cond
       ((nth 4 state))
       ((eq (char-after at) ?\\)
        (cond
         ((eq string t) (put-text-property at (1+ at) 'syntax-table (string-to-syntax ".")))
         ((< (point) end) (forward-char))))
       ((eq string t) (put-text-property last (1+ last) 'syntax-table (string-to-syntax "|")))
       (string (goto-char (1+ at)))
       (t (put-text-property at (1+ at) 'syntax-table (string-to-syntax "|")))))))

;;;; Colours

(eval-and-compile
  (defun handover--phrase (&rest parts)
    "A pattern of the words PARTS with white space between them.
A list is a choice, t any name; each is in a group of its own."
    (mapconcat
     (lambda (part)
       (pcase part
         ('t "\\_<\\([A-Za-z_][A-Za-z0-9_.-]*\\)\\_>")
         ((pred stringp) (concat "\\_<\\(" part "\\)\\_>"))
         (_ (concat "\\_<" (regexp-opt part t) "\\_>"))))
     parts "[ \t\n]+")))

(defun handover--rule (faces &rest parts)
  "Highlight the phrase of PARTS: FACES has a letter for each.
k is a word of the language, n a name, f that of something that is
declared or done, t that of a type."
  (cons (apply #'handover--phrase parts)
        (seq-map-indexed
         (lambda (letter index)
           (list (1+ index)
                 (pcase letter
                   (?k ''font-lock-keyword-face)
                   (?f ''font-lock-function-name-face)
                   (?t ''font-lock-type-face)
                   (?n ''font-lock-variable-name-face))
                 nil t))
         faces)))

(defun handover--hole (limit)
  "Find the next hole up to LIMIT: a name between two braces in a string."
  (let (found)
    (while (and (not found)
                (re-search-forward "\\(?:^\\|[^{]\\)\\({{[ \t]*[A-Za-z0-9_.-]+[ \t]*}}\\)" limit t))
      (setq found (save-match-data (nth 3 (syntax-ppss (match-beginning 1))))))
    found))

(defun handover--in-expect (limit)
  "Find the next word up to LIMIT that is one of the language only after `expect'."
  (let (found)
    (while (and (not found)
                (re-search-forward
                 "\\_<\\(ran\\|skipped\\|lost\\|before\\|once\\|completed\\|stopped\\|cancelled\\)\\_>[^.[(]" limit t))
      (goto-char (match-end 1))
      (setq found (save-match-data
                    (save-excursion
                      (re-search-backward "\\_<\\(expect\\|given\\|when\\|plan\\|states\\|goal\\)\\_>" nil t)
                      (equal (match-string 1) "expect")))))
    found))

(defvar handover-font-lock-keywords
  (list
   '(handover--hole 1 'font-lock-variable-name-face t)
   ;; Names, where a word of the language would be read otherwise.
   '("\\_<\\([A-Za-z_][A-Za-z0-9_-]*\\)[ \t]*:" 1 'font-lock-variable-name-face)
   (handover--rule "kt" '("kind" "extend") t)
   (handover--rule "kf" '("action" "probe" "rule" "plan" "follows") t)
   '("\\_<\\(step\\)\\_>[ \t\n]+\\(?:[0-9]+[ \t\n]+\\)?\\_<\\([A-Za-z_][A-Za-z0-9_-]*\\)\\_>"
     (1 'font-lock-keyword-face) (2 'font-lock-function-name-face))
   (handover--rule "kf" "phase" t)
   (handover--rule "kn" '("let" "env" "answer") t)
   '("\\_<\\([A-Za-z_][A-Za-z0-9_-]*\\)[ \t]*=[^=]" 1 'font-lock-variable-name-face)
   (handover--rule "kfk" '("ran" "skipped") t "before")
   (handover--rule "kkkkkk" "when" "the" "executor" "is" "lost" "at")
   (cons (concat "\\_<\\(when\\)\\_>[ \t\n]+\\([^ \t\n]+\\)[ \t\n]+"
                 "\\(fails\\|succeeds\\|times[ \t\n]+out\\|is[ \t\n]+cancelled\\)\\_>\\(?:[ \t\n]+\\(once\\)\\_>\\)?")
         '((1 'font-lock-keyword-face) (2 'font-lock-function-name-face) (3 'font-lock-keyword-face)
           (4 'font-lock-keyword-face nil t)))
   '("\\_<\\([A-Za-z_][A-Za-z0-9_.-]*\\)[ \t\n]+\\(?:is\\|are\\)\\_>" 1 'font-lock-variable-name-face)
   (handover--rule "kkkkk" "one" "at" "a" "time")
   (handover--rule "kkk" "if" "it" "fails")
   (handover--rule "kk" "on" '("nowhere" "each" "any" "one"))
   (handover--rule "kk" "or" "nowhere")
   (handover--rule "knk" '("every" "each" "some") t "in")
   (handover--rule "kkn" '("is" "are") "not" t)
   (handover--rule "kn" '("is" "are") t)
   (handover--rule "kn" "on" t)
   (handover--rule "knknk" "moves" t "from" t "to")
   ;; Phrases of which no word is one of the language alone.
   (handover--rule "kkk" "accept" "loss" "of")
   (handover--rule "kkk" "did" "not" "succeed")
   (handover--rule "kkk" "in" "batches" "of")
   (handover--rule "kk" "starts" "when")
   (handover--rule "kk" "ends" "hold")
   (handover--rule "kk" "drill" "only")
   (handover--rule "kk" "yes" "means")
   (handover--rule "kk" "if" "possible")
   (handover--rule "kk" "wait" '("until" "for"))
   (handover--rule "kk" "retry" "from")
   (handover--rule "kk" "then" "kill")
   (handover--rule "kk" "agree" "on")
   (handover--rule "kk" "set" "of")
   (handover--rule "kk" '("any" "each" "one") "of")
   (handover--rule "kk" "means" '("success" "failure" "warning"))
   (handover--rule "kk" "in" "output")
   '("\\_<\\(up\\)[ \t]+\\(to\\)[ \t]+[0-9]" (1 'font-lock-keyword-face) (2 'font-lock-keyword-face))
   '("\\_<\\(allowing\\)[ \t]+[0-9]+[ \t]+\\(failures?\\)\\_>" (1 'font-lock-keyword-face) (2 'font-lock-keyword-face))
   '("[0-9][ \t]+\\(times?\\)\\_>" 1 'font-lock-keyword-face)
   '("=[ \t]*\\(output\\)\\_>" 1 'font-lock-keyword-face)
   '("\\_<\\(by\\)[ \t]+[A-Za-z_]" 1 'font-lock-keyword-face)
   '("\\_<\\(exit\\)[ \t]+[0-9]" 1 'font-lock-keyword-face)
   '("\\_<\\(use\\|output\\|match\\|test\\|tell\\|ask\\|run\\|verify\\|hold\\)[ \t\n]*\"" 1 'font-lock-keyword-face)
   '("\\_<\\(use\\)[ \t]+\\([A-Za-z0-9_./-]+\\)" (1 'font-lock-keyword-face) (2 'font-lock-constant-face))
   ;; Clauses of kinds, not members of a list.
   '("\\(?:^\\|[^, \t\n]\\)[ \t]*\\_<\\(states\\|exclusive\\|shared\\|volatile\\)\\_>[ \t]*\\(?:[a-z}#]\\|$\\)"
     1 'font-lock-keyword-face)
   '("\\_<\\(rests\\)[ \t]+\\(?:in\\|on\\)\\_>" 1 'font-lock-keyword-face)
   '("\\_<\\(rests\\)[ \t]+\\(in\\)\\_>" (1 'font-lock-keyword-face) (2 'font-lock-keyword-face))
   '("\\_<\\(volatile\\)[ \t]+\\(until\\)[ \t]+\\(restart\\)\\_>"
     (1 'font-lock-keyword-face nil t) (2 'font-lock-keyword-face) (3 'font-lock-keyword-face))
   '(handover--in-expect 1 'font-lock-keyword-face)
   ;; Words of their own.
   (cons (concat "\\_<"
                 (regexp-opt
                  '("accept" "acquires" "after" "and" "are" "ask" "assume" "attests" "commits" "do" "else" "ensures"
                    "every" "except" "expect" "fences" "finally" "finished" "for" "given" "goal" "hold" "idempotent" "if"
                    "include" "includes" "is" "isolates" "locks" "loses" "means" "moves" "needs" "not" "on" "only"
                    "or" "otherwise" "parallel" "phase" "probe" "releases" "require" "retry" "rto" "stops" "succeeded"
                    "then" "through" "undo" "unless" "usually" "when" "where" "within")
                  t)
                 "\\_>")
         '(1 'font-lock-keyword-face))
   '("\\_<\\(true\\|false\\)\\_>" 1 'font-lock-constant-face)
   '("\\_<[0-9]+\\(?:ms\\|[smhd]\\)?\\(?:[0-9]+\\(?:ms\\|[smhd]\\)\\)*\\_>" 0 'font-lock-constant-face))
  "What is highlighted how; the first that fits decides.")

;;;; Indentation

(defun handover-indent-line ()
  "Indent the line by the brackets around it; leave the lines of strings alone."
  (interactive)
  (let ((state (save-excursion (syntax-ppss (line-beginning-position)))))
    (unless (nth 3 state)
      (let* ((closes (save-excursion (back-to-indentation) (looking-at "[])}]")))
             (depth (max 0 (- (car state) (if closes 1 0))))
             (behind (- (current-column) (current-indentation))))
        (indent-line-to (* depth handover-indent-offset))
        (when (> behind 0) (forward-char behind))))))

;;;; The mode

(defvar handover-imenu-expression
  '(("Plans" "^plan[ \t]+\\([A-Za-z0-9_-]+\\)" 1)
    ("Steps" "^[ \t]*\\(?:} otherwise[ \t]+\\)?step[ \t]+\\(?:[0-9]+[ \t]+\\)?\\([A-Za-z0-9_-]+\\)" 1)
    ("Actions" "^\\(?:action\\|probe\\|rule\\)[ \t]+\\([A-Za-z0-9_-]+\\)" 1)
    ("Kinds" "^kind[ \t]+\\([A-Za-z0-9_-]+\\)" 1)
    ("Tests" "^test[ \t]+\"\\([^\"\n]+\\)\"" 1))
  "The outline of a file.")

;;;###autoload
(define-derived-mode handover-mode prog-mode "Handover"
  "A mode for failover plans."
  (setq-local comment-start "# ")
  (setq-local comment-start-skip "#+[ \t]*")
  (setq-local syntax-propertize-function #'handover--block-strings)
  (setq-local font-lock-defaults '(handover-font-lock-keywords))
  (setq-local font-lock-multiline t)
  (setq-local indent-line-function #'handover-indent-line)
  (setq-local indent-tabs-mode nil)
  (setq-local electric-indent-chars (append '(?} ?\) ?\]) electric-indent-chars))
  (setq-local imenu-generic-expression handover-imenu-expression))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.ha\\'" . handover-mode))

(defvar eglot-server-programs)
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               `(handover-mode . ,(lambda (&rest _) (list handover-program "lsp")))))

(provide 'handover-mode)
;;; handover-mode.el ends here
