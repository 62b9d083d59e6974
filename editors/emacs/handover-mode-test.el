;;; handover-mode-test.el --- Whether the mode highlights what is what  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT OR Apache-2.0

;;; Commentary:

;; emacs --batch -l handover-mode.el -l handover-mode-test.el -f ert-run-tests-batch-and-exit
;; TOKENS names a file with texts and their tokens as the grammar of the language has them; tests/editors.rs makes it.

;;; Code:

(require 'ert)
(require 'json)
(require 'handover-mode)

(defun handover-test--class (at)
  "What the character AT looks like."
  (let ((face (get-text-property at 'face)))
    (pcase (if (listp face) (car face) face)
      ((or 'font-lock-comment-face 'font-lock-comment-delimiter-face) "comment")
      ('font-lock-string-face "string")
      ('font-lock-keyword-face "keyword")
      (_ "other"))))

(defun handover-test--looks (from to wanted)
  "Whether the characters between FROM and TO, without white space, look WANTED."
  (let ((fits t))
    (dotimes (i (- to from))
      (let ((at (+ from i)))
        (unless (or (memq (char-after at) '(?\s ?\t ?\n ?\r)) (equal (handover-test--class at) wanted))
          (setq fits nil))))
    fits))

(ert-deftest handover-test-every-token ()
  "Every token of every text looks like what it is."
  (let ((count 0) wrong)
    (dolist (file (with-temp-buffer
                    (insert-file-contents (getenv "TOKENS"))
                    (json-parse-buffer :object-type 'alist :array-type 'list)))
      (with-temp-buffer
        (insert (alist-get 'text file))
        (handover-mode)
        (font-lock-ensure)
        (pcase-dolist (`(,start ,end ,class) (alist-get 'tokens file))
          (let ((wanted (if (member class '("keyword" "comment" "string")) class "other")))
            (setq count (1+ count))
            (unless (handover-test--looks (1+ start) (1+ end) wanted)
              (push (format "%s:%d: %s %s" (alist-get 'from file) (line-number-at-pos (1+ start)) class
                            (buffer-substring-no-properties (1+ start) (1+ end)))
                    wrong))))))
    (message "%d of %d tokens look like something else" (length wrong) count)
    (should (> count 40000))
    (should-not (reverse wrong))))

(defun handover-test--indented (text)
  "TEXT as the mode indents it."
  (with-temp-buffer
    (insert text)
    (handover-mode)
    (indent-region (point-min) (point-max))
    (buffer-string)))

(ert-deftest handover-test-indentation ()
  "A level is two columns, and strings are left alone."
  (should (equal (handover-test--indented "plan p() {\nstep s on a {\nrun \"\"\"\n  {\n \"\"\"\n}\n}\n")
                 "plan p() {\n  step s on a {\n    run \"\"\"\n  {\n \"\"\"\n  }\n}\n")))

(ert-deftest handover-test-comments ()
  "Lines become comments and back."
  (with-temp-buffer
    (insert "plan p() {}\n")
    (handover-mode)
    (comment-region (point-min) (point-max))
    (should (equal (buffer-string) "# plan p() {}\n"))
    (uncomment-region (point-min) (point-max))
    (should (equal (buffer-string) "plan p() {}\n"))))

(ert-deftest handover-test-files-and-server ()
  "Files are known by their names, and eglot finds the program."
  (should (eq (assoc-default "plan.ha" auto-mode-alist #'string-match) 'handover-mode))
  (setq eglot-server-programs nil)
  (provide 'eglot)
  (should (equal (funcall (alist-get 'handover-mode eglot-server-programs)) '("handover" "lsp"))))

;;; handover-mode-test.el ends here
